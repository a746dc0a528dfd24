// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

namespace kindling::demo {

/// What a run of training did.
struct History {
  /// One value a step: the learning rate of its update and the loss of its batch before that
  /// update.
  std::vector<double> learning_rate, loss;
  /// One value an epoch: the loss on the test rows after it.
  std::vector<double> test_loss;

  std::size_t steps_per_epoch = 1;
};

/// The history as CSV, a line a step: step, epoch, learning_rate, loss, and test_loss, empty but in
/// the last step of an epoch. Steps and epochs count from 1.
std::string history_csv(const History& history);

/// Learning rate and loss over the updates made before, one above the other, as an SVG document.
std::string history_svg(const History& history, const std::string& title,
                        const std::string& subtitle);

}  // namespace kindling::demo
