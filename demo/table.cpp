// SPDX-License-Identifier: MIT
#include "demo/table.h"

#include <algorithm>
#include <utility>

namespace kindling::demo {

Table::Table(std::vector<std::string> titles, std::size_t min_width)
    : titles_(std::move(titles)), min_width_(min_width) {}

std::string Table::header() const { return row(titles_); }

std::string Table::row(const std::vector<std::string>& cells) const {
  std::string line;
  for (std::size_t i = 0; i < titles_.size(); ++i) {
    const std::size_t width = std::max(titles_[i].size(), min_width_);
    if (i > 0) line += " | ";
    line.append(width - std::min(width, cells[i].size()), ' ').append(cells[i]);
  }
  return line;
}

}  // namespace kindling::demo
