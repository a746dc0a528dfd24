// SPDX-License-Identifier: MIT
#include "demo/sweep.h"

#include <kindling/schedulers/compose.h>
#include <kindling/schedulers/schedules.h>

#include "demo/device.h"
#include "demo/figure.h"
#include "demo/heat_map.h"
#include "demo/interrupt.h"
#include "demo/number.h"
#include "demo/progress.h"
#include "demo/run.h"
#include "demo/svg.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cmath>
#include <exception>
#include <iostream>
#include <mutex>
#include <numeric>
#include <thread>

namespace kindling::demo {
namespace {

constexpr double kBlownUpCurve = 4.0;                  // times the lowest loss of a first epoch
constexpr auto kLook = std::chrono::milliseconds(20);  // at the progress

std::int64_t warmup_steps(const std::string& text, std::int64_t total_steps) {
  const bool percent = text.ends_with('%');
  const auto value = parse_number(percent ? text.substr(0, text.size() - 1) : text);
  const double steps = !value    ? -1.0
                       : percent ? std::round(*value / 100.0 * static_cast<double>(total_steps))
                                 : *value;
  if (steps < 0.0 || steps != std::floor(steps) || steps >= static_cast<double>(total_steps)) {
    throw ValueError(message("sweep: a warm-up of '", text, "': expected a whole number below the ",
                             total_steps, " steps of the run, or a percentage below 100%"));
  }
  return static_cast<std::int64_t>(steps);
}

std::string expression(const std::string& schedule) {
  if (schedule == "cosine") return "cosine(100%)";
  if (schedule == "linear") return "linear(1, 0, 100%)";
  if (schedule == "constant") return "constant(1)";
  return schedule;
}

/// Gives back the number of threads that there was, whatever comes between.
struct ThreadCount {
  ThreadCount() = default;
  ThreadCount(const ThreadCount&) = delete;
  ThreadCount& operator=(const ThreadCount&) = delete;
  ~ThreadCount() { set_num_threads(before); }
  int before = get_num_threads();
};

/// The trials that are left, dealt out to threads.
class Sweep {
 public:
  Sweep(const Task& task, const TrainingOptions& options, std::vector<Trial>& trials)
      : task_(task), options_(options), trials_(trials) {
    const std::int64_t total = options.epochs * steps_per_epoch(task, options);
    for (const Trial& trial : trials)  // all are checked before the first is run
      schedules_.push_back(trial_schedule(trial.warmup, trial.schedule, total));
    total_epochs_ = trials.size() * static_cast<std::size_t>(options.epochs);
  }

  void run(std::size_t jobs) {
    ProgressBar progress(std::cerr, stderr_is_terminal());
    const InterruptGuard interrupts;
    std::vector<std::thread> threads;
    busy_ = jobs;
    for (std::size_t i = 0; i < jobs; ++i) threads.emplace_back([this] { work(); });
    while (busy_ > 0) {
      std::this_thread::sleep_for(kLook);
      progress.show(static_cast<double>(epochs_) / static_cast<double>(total_epochs_),
                    message(trials_.size(), " trainings"));
    }
    for (std::thread& thread : threads) thread.join();
    progress.finish(message(trials_.size(), " trainings"));
    if (error_) std::rethrow_exception(error_);
  }

 private:
  void work() {
    try {
      for (std::size_t i = 0; InterruptGuard::signal() == 0 && (i = next_++) < trials_.size();)
        train(trials_[i], schedules_[i]);
    } catch (...) {
      const std::lock_guard lock(mutex_);
      if (!error_) error_ = std::current_exception();
      next_ = trials_.size();
    }
    --busy_;
  }

  void train(Trial& trial, const schedulers::Schedule& schedule) {
    TrainingOptions options = options_;
    options.lr = trial.lr;
    // The weights are drawn from the program's generator.
    std::unique_lock lock(mutex_);
    manual_seed(options.seed);
    Run run(task_, options, schedule);
    lock.unlock();

    const std::int64_t steps = steps_per_epoch(task_, options);
    for (std::int64_t epoch = 0; epoch < options.epochs; ++epoch, ++epochs_) {
      double sum = 0.0;
      for (std::int64_t step = 0; step < steps && std::isfinite(sum); ++step) sum += run.step();
      if (InterruptGuard::signal() != 0) return;
      trial.train_loss = sum / static_cast<double>(steps);
      if (!std::isfinite(sum)) break;
      trial.losses.push_back(trial.train_loss);
    }
    const Run::Test test = run.test();
    trial.test_loss = test.loss;
    trial.accuracy = test.accuracy;
    trial.finished = true;
    if (!std::isfinite(trial.train_loss) || !std::isfinite(trial.test_loss))
      trial.train_loss = trial.test_loss = std::nan("");
  }

  const Task& task_;
  const TrainingOptions& options_;
  std::vector<Trial>& trials_;
  std::vector<schedulers::Schedule> schedules_;
  std::size_t total_epochs_ = 0;
  std::atomic<std::size_t> next_{0}, epochs_{0}, busy_{0};
  std::mutex mutex_;
  std::exception_ptr error_;
};

}  // namespace

schedulers::Schedule trial_schedule(const std::string& warmup, const std::string& schedule,
                                    std::int64_t total_steps) {
  const std::int64_t steps = warmup_steps(warmup, total_steps);
  const schedulers::Schedule rest =
      schedulers::Schedule::parse(expression(schedule), total_steps - steps);
  return steps > 0 ? schedulers::warmup(steps).then(rest) : rest;
}

std::vector<Trial> run_sweep(const Task& task, const TrainingOptions& options, const Grid& grid) {
  std::vector<Trial> trials;
  for (const std::string& schedule : grid.schedules) {
    for (const std::string& warmup : grid.warmups) {
      for (const double lr : grid.lrs) trials.push_back({lr, warmup, schedule});
    }
  }
  Sweep sweep(task, options, trials);
  const ThreadCount restored_in_the_end;
  // One GPU does one training at a time.
  const bool many = parse_device(options.device) == Device::cpu();
  const int jobs = !many ? 1 : grid.jobs > 0 ? grid.jobs : get_num_threads();
  if (jobs > 1) set_num_threads(std::max(1, options.threads));
  sweep.run(std::min(static_cast<std::size_t>(jobs), trials.size()));
  return trials;
}

std::string sweep_svg(const std::vector<Trial>& trials, const Grid& grid, const Task& task,
                      const std::string& subtitle) {
  double y = svg::kHeader;
  std::string drawing;
  const auto add = [&](const Drawing& part) {
    drawing += part.svg;
    y = part.bottom;
  };
  const std::size_t cells = grid.warmups.size() * grid.lrs.size();
  for (std::size_t i = 0; i < grid.schedules.size(); ++i) {
    HeatMap map{message("Final train ", task.loss_name, ", ", grid.schedules[i]),
                "Learning rate",
                "Warm-up",
                {},
                grid.warmups,
                {}};
    for (const double lr : grid.lrs) map.columns.push_back(format_short(lr));
    for (std::size_t j = 0; j < cells; ++j) map.values.push_back(trials[i * cells + j].train_loss);
    add(draw_heat_map(map, y));
  }
  // What blows up leaves the picture, or nothing else could be told apart in it.
  double ceiling = INFINITY;
  for (const Trial& trial : trials) {
    if (!trial.losses.empty()) ceiling = std::min(ceiling, kBlownUpCurve * trial.losses[0]);
  }
  Panel curves{task.loss_name, {}, Scale::automatic};
  for (std::size_t i = 0; i < trials.size(); ++i) {
    const std::size_t lr = i % grid.lrs.size();
    Series series{.y = trials[i].losses, .colour = static_cast<int>(lr)};
    if (i < grid.lrs.size()) series.name = message("lr ", format_short(trials[i].lr));
    for (double& loss : series.y) loss = loss > ceiling ? std::nan("") : loss;
    series.x.resize(series.y.size());
    std::iota(series.x.begin(), series.x.end(), 1.0);
    curves.series.push_back(std::move(series));
  }
  const bool any = std::any_of(trials.begin(), trials.end(),
                               [](const Trial& trial) { return !trial.losses.empty(); });
  if (any) add(draw_panels({"", "", "Epoch", {curves}}, y));
  return svg::page(message(task.name, ", sweep"), subtitle, drawing, y);
}

}  // namespace kindling::demo
