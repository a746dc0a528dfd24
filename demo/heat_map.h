// SPDX-License-Identifier: MIT
#pragma once

#include "demo/figure.h"

#include <string>
#include <vector>

namespace kindling::demo {

/// A value for each pair of two choices, as a table of coloured cells: the smaller, the darker.
struct HeatMap {
  std::string title;
  std::string column_title, row_title;
  std::vector<std::string> columns, rows;
  std::vector<double> values;  ///< row-major [rows, columns]; not finite: an empty cell
};

/// The table from `top` downwards, its smallest value framed.
Drawing draw_heat_map(const HeatMap& map, double top);

}  // namespace kindling::demo
