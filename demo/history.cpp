// SPDX-License-Identifier: MIT
#include "demo/history.h"

#include <kindling/core/error.h>

#include "demo/figure.h"
#include "demo/number.h"
#include "demo/state_text.h"

#include <map>
#include <numeric>
#include <utility>

namespace kindling::demo {
namespace {

constexpr auto kFlushInterval = std::chrono::milliseconds(100);

}  // namespace

StateDict History::state_dict() const {
  return {{"settings", text_tensor(settings)},
          {"learning_rate", numbers_tensor(learning_rate)},
          {"loss", numbers_tensor(loss)},
          {"test_loss", numbers_tensor(test_loss)},
          {"test_accuracy", numbers_tensor(test_accuracy)}};
}

void History::load_state_dict(const StateDict& state) {
  std::map<std::string, std::vector<double>> saved;
  std::string other;
  for (const auto& [name, tensor] : state) {
    if (name == "settings")
      other = text_of(tensor);
    else
      saved[name] = tensor.to(DType::float64).to_vector<double>();
  }
  if (other != settings) {
    throw ValueError(message("history: it is of a run with other options or data (", other,
                             "), this one has (", settings,
                             "): give those of that run, or another --checkpoint folder"));
  }
  const std::size_t steps = saved["loss"].size(), epochs = steps / steps_per_epoch;
  if (saved["learning_rate"].size() != steps || saved["test_loss"].size() != epochs ||
      saved["test_accuracy"].size() != (has_accuracy ? epochs : 0))
    throw ValueError(
        "history: its columns do not go together: the file was not written by this program");
  learning_rate = std::move(saved["learning_rate"]);
  loss = std::move(saved["loss"]);
  test_loss = std::move(saved["test_loss"]);
  test_accuracy = std::move(saved["test_accuracy"]);
}

HistoryLog::HistoryLog(const std::string& path, const History& history) : history_(history) {
  if (path.empty()) return;
  file_.emplace(path);
  waiting_ = "step,epoch,learning_rate,loss,test_loss";
  waiting_ += history.has_accuracy ? ",test_accuracy\n" : "\n";
}

void HistoryLog::add_steps() {
  if (!file_) return;
  while (added_ < history_.steps()) add_step(added_++);
  if (std::chrono::steady_clock::now() >= next_) flush();
}

void HistoryLog::add_step(std::size_t i) {
  const std::size_t epoch = i / history_.steps_per_epoch;
  const bool tested = (i + 1) % history_.steps_per_epoch == 0 && epoch < history_.test_loss.size();
  waiting_ += message(i + 1, ',', epoch + 1, ',', format_exact(history_.learning_rate[i]), ',',
                      format_exact(history_.loss[i]), ',');
  if (tested) waiting_ += format_exact(history_.test_loss[epoch]);
  if (history_.has_accuracy) waiting_ += ',';
  if (history_.has_accuracy && tested) waiting_ += format_exact(history_.test_accuracy[epoch]);
  waiting_ += '\n';
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
