// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

namespace kindling::demo {

/// Lays out a table a line at a time: "Step | Learning Rate | Loss". Every column is as wide as its
/// title or as `min_width`, and its cells stand at the right of it; a cell that is wider pushes the
/// rest of its line.
class Table {
 public:
  explicit Table(std::vector<std::string> titles, std::size_t min_width = 0);

  std::string header() const;
  std::string row(const std::vector<std::string>& cells) const;

 private:
  std::vector<std::string> titles_;
  std::size_t min_width_;
};

}  // namespace kindling::demo
