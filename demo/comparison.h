// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

namespace kindling::demo {

/// A training, as its --log tells it.
struct LoggedRun {
  std::string name;  ///< the file's
  std::vector<double> steps = {}, loss = {};
  /// One value an epoch, and the steps that were made by then.
  std::vector<double> test_steps = {}, test_loss = {}, test_accuracy = {};
};

/// Reads a log. FileError for a file that is none, with the place of what does not belong there.
LoggedRun read_log(const std::string& path);

/// A table of the last and the best values of each run, a line each.
std::string comparison_table(const std::vector<LoggedRun>& runs);

/// Losses, test losses and accuracies of all runs over their steps, as an SVG document.
std::string comparison_svg(const std::vector<LoggedRun>& runs);

}  // namespace kindling::demo
