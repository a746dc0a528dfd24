// SPDX-License-Identifier: MIT
#include "demo/lr_range.h"

#include <kindling/schedulers/schedules.h>

#include "demo/figure.h"
#include "demo/interrupt.h"
#include "demo/number.h"
#include "demo/run.h"

#include <algorithm>
#include <cmath>

namespace kindling::demo {
namespace {

constexpr std::size_t kFewestSteps = 10;
constexpr double kMemory = 0.9;   // of the running mean that ends the test
constexpr double kBlownUp = 4.0;  // times its lowest

// Finds the steepest fall and the lowest point of the smoothed loss. The slope is taken over `span`
// steps to either side: nearer to the ends the mean is that of few batches.
void read_off(LrRange& range, std::size_t span) {
  const std::vector<double>& loss = range.smoothed;
  const auto lowest =
      static_cast<std::size_t>(std::min_element(loss.begin(), loss.end()) - loss.begin());
  std::size_t steepest = lowest;
  double most = 0.0;
  // The learning rates stand at equal distances on a logarithmic scale.
  for (std::size_t i = span; i + span <= lowest; ++i) {
    const double fall = loss[i - span] - loss[i + span];
    if (fall > most) {
      most = fall;
      steepest = i;
    }
  }
  range.lowest = range.lr[lowest];
  range.steepest = range.lr[steepest];
}

}  // namespace

LrRange test_lr_range(const Task& task, TrainingOptions options, const LrRangeOptions& range) {
  options.lr = range.from;
  const double steps = static_cast<double>(range.steps);
  const double factor = std::pow(range.to / range.from, 1.0 / (steps - 1.0));
  Run run(task, options, schedulers::exponential({.gamma = factor}));
  LrRange result{};
  double mean = 0.0, weight = 0.0, lowest = INFINITY;
  const InterruptGuard interrupts;
  for (std::int64_t step = 0; step < range.steps && InterruptGuard::signal() == 0; ++step) {
    const double lr = run.lr(), loss = run.step();
    if (!std::isfinite(loss)) break;
    result.lr.push_back(lr);
    result.loss.push_back(loss);
    mean = kMemory * mean + (1.0 - kMemory) * loss;
    weight = kMemory * weight + (1.0 - kMemory);
    lowest = std::min(lowest, mean / weight);
    if (result.lr.size() >= kFewestSteps && mean / weight > kBlownUp * lowest) break;
  }
  if (const int signal = InterruptGuard::signal(); signal != 0)
    throw Stopped(kSignalStatus + signal, "interrupted");
  if (result.lr.size() < kFewestSteps) {
    throw ValueError(message("find-lr: the loss was finite for ", result.lr.size(),
                             " steps only: try a smaller --from than ", range.from));
  }
  result.smoothed = smoothed(result.loss, steps / 20.0);
  read_off(result, static_cast<std::size_t>(range.steps / 20));
  return result;
}

std::string lr_range_svg(const LrRange& range, const Task& task) {
  const Panel panel{
      task.loss_name,
      {{.name = "each batch", .x = range.lr, .y = range.loss, .colour = 1, .faint = true},
       {.name = "smoothed", .x = range.lr, .y = range.smoothed, .colour = 1}},
      Scale::automatic};
  return render_svg({message(task.name, ", learning rate range test"),
                     message("falls fastest at ", format_short(range.steepest), ", lowest at ",
                             format_short(range.lowest)),
                     "Learning rate",
                     {panel},
                     true});
}

}  // namespace kindling::demo
