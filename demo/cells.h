// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace kindling::demo {

/// What the fields of a table mean.
struct CellFormat {
  std::vector<std::string> na = {};  ///< stand for a missing value, as "", ? and NA do
  char decimal = '.';                ///< sign of the numbers, or ','

  bool missing(const std::string& text) const;
  std::optional<double> number(const std::string& text) const;
  /// The text of a class: a number in one form, however it is written.
  std::string label(const std::string& text) const;
};

}  // namespace kindling::demo
