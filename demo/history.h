// SPDX-License-Identifier: MIT
#pragma once

#include <kindling/core/state_dict.h>

#include "demo/output_file.h"

#include <chrono>
#include <optional>
#include <string>
#include <vector>

namespace kindling::demo {

/// What a run of training did.
struct History {
  std::string loss_name;      ///< "MSE"
  bool has_accuracy = false;  ///< there are classes
  std::size_t steps_per_epoch = 1;

  /// One value a step: the learning rate of its update and the loss of its batch before that
  /// update, in the target's own unit.
  std::vector<double> learning_rate = {}, loss = {};
  /// One value an epoch, on the test rows after it.
  std::vector<double> test_loss = {}, test_accuracy = {};

  /// What a run that goes on from this one has to share with it.
  std::string settings = {};

  std::size_t steps() const { return loss.size(); }

  static constexpr const char* kStateKind = "history";
  StateDict state_dict() const;
  /// ValueError for the history of a run with other settings.
  void load_state_dict(const StateDict& state);
};

/// Writes a history to a file while it grows, a line a step: step, epoch, learning_rate, loss, and,
/// empty but in the last step of an epoch, test_loss and test_accuracy. Steps and epochs count from
/// 1.
class HistoryLog {
 public:
  /// Writes to `path`; nowhere if that is empty. FileError if it cannot be opened.
  HistoryLog(const std::string& path, const History& history);

  /// Takes note of the steps since the last call, the test at the end of an epoch included.
  /// FileError when the file cannot be written; what comes then is not.
  void add_steps();
  /// Puts the file in its place.
  void finish();

 private:
  void add_step(std::size_t i);
  void flush();

  const History& history_;
  std::optional<OutputFile> file_;
  std::string waiting_;
  std::size_t added_ = 0;  // steps
  std::chrono::steady_clock::time_point next_ = {};
};

/// Learning rate, loss and accuracy over the updates made before, one above the other, as an SVG
/// document.
std::string history_svg(const History& history, const std::string& title,
                        const std::string& subtitle);

}  // namespace kindling::demo
