// SPDX-License-Identifier: MIT
#include "demo/history.h"

#include <kindling/core/error.h>

#include "demo/figure.h"
#include "demo/number.h"

#include <numeric>

namespace kindling::demo {
namespace {

constexpr auto kFlushInterval = std::chrono::milliseconds(100);

}  // namespace

HistoryLog::HistoryLog(const std::string& path, const History& history) : history_(history) {
  if (path.empty()) return;
  file_.emplace(path);
  waiting_ = "step,epoch,learning_rate,loss,test_loss";
  waiting_ += history.has_accuracy ? ",test_accuracy\n" : "\n";
}

void HistoryLog::add_step() {
  if (!file_) return;
  const std::size_t i = history_.steps() - 1;
  const std::size_t epoch = i / history_.steps_per_epoch;
  const bool tested = (i + 1) % history_.steps_per_epoch == 0 && epoch < history_.test_loss.size();
  waiting_ += message(i + 1, ',', epoch + 1, ',', format_exact(history_.learning_rate[i]), ',',
                      format_exact(history_.loss[i]), ',');
  if (tested) waiting_ += format_exact(history_.test_loss[epoch]);
  if (history_.has_accuracy) waiting_ += ',';
  if (history_.has_accuracy && tested) waiting_ += format_exact(history_.test_accuracy[epoch]);
  waiting_ += '\n';
  if (std::chrono::steady_clock::now() >= next_) flush();
}

void HistoryLog::finish() {
  if (!file_) return;
  flush();
  file_->finish();
}

void HistoryLog::flush() {
  next_ = std::chrono::steady_clock::now() + kFlushInterval;
  try {
    file_->write(waiting_);
  } catch (const FileError&) {
    file_.reset();
    throw;
  }
  waiting_.clear();
}

std::string history_svg(const History& history, const std::string& title,
                        const std::string& subtitle) {
  std::vector<double> steps(history.steps());
  std::iota(steps.begin(), steps.end(), 0.0);
  std::vector<double> epoch_ends;
  for (std::size_t epoch = 1; epoch <= history.test_loss.size(); ++epoch) {
    epoch_ends.push_back(static_cast<double>(epoch * history.steps_per_epoch));
  }
  const double span = static_cast<double>(steps.size()) / 100.0;

  Panel rate{"Learning rate",
             {{.x = steps, .y = history.learning_rate, .filled = true}},
             Scale::from_zero};
  Panel loss{
      history.loss_name,
      {{.name = "each batch", .x = steps, .y = history.loss, .colour = 1, .faint = true},
       {.name = "training, smoothed", .x = steps, .y = smoothed(history.loss, span), .colour = 1},
       {.name = "test", .x = epoch_ends, .y = history.test_loss, .colour = 2}},
      Scale::automatic};
  Figure figure{title, subtitle, "Step", {rate, loss}};
  if (!history.test_accuracy.empty()) {
    figure.panels.push_back(
        {"Accuracy", {{.name = "test", .x = epoch_ends, .y = history.test_accuracy, .colour = 2}}});
  }
  return render_svg(figure);
}

}  // namespace kindling::demo
