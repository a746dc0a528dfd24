// SPDX-License-Identifier: MIT
#include "demo/heat_map.h"

#include <kindling/core/error.h>

#include "demo/number.h"
#include "demo/svg.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

namespace kindling::demo {
namespace {

using namespace svg;

constexpr double kRowTitle = 70;  // to the left of the cells, beside the page's margin
constexpr double kCellHeight = 34, kGap = 2;
constexpr double kAxis = 56;                                               // below the cells
constexpr std::array<double, 3> kDark{0, 73, 117}, kLight{232, 242, 250};  // red, green, blue

// "#0049" and so on, from dark (0) to light (1).
std::string shade(double lightness) {
  constexpr const char* kDigits = "0123456789abcdef";
  std::string text = "#";
  for (std::size_t i = 0; i < kDark.size(); ++i) {
    const auto value =
        static_cast<unsigned>(std::lround(kDark[i] + (kLight[i] - kDark[i]) * lightness));
    text += kDigits[value / 16];
    text += kDigits[value % 16];
  }
  return text;
}

std::string cell_text(double value) {
  return value >= 1000.0 && value < 1e6 ? format_fixed(value, 0) : format_short(value);
}

}  // namespace

Drawing draw_heat_map(const HeatMap& map, double top) {
  double low = std::numeric_limits<double>::infinity(), high = -low;
  for (const double value : map.values) {
    if (!std::isfinite(value)) continue;
    low = std::min(low, value);
    high = std::max(high, value);
  }
  // Losses of a grid span decades; the differences between the good ones are of interest.
  const bool logarithmic = low > 0.0;
  const auto lightness = [&](double value) {
    if (!(high > low)) return 0.0;
    return logarithmic ? std::log(value / low) / std::log(high / low)
                       : (value - low) / (high - low);
  };

  const double left = kLeft + kRowTitle;
  const double width = (kPlotWidth - kRowTitle) / static_cast<double>(map.columns.size());
  double y = top + kPanelTitle;
  std::string drawing = text_at(kLeft, y - 12, "panel", map.title);
  const double middle = y + kCellHeight * static_cast<double>(map.rows.size()) / 2.0;
  drawing += text_at(kLeft - 56, middle + 4, "legend", map.row_title);
  for (std::size_t row = 0; row < map.rows.size(); ++row, y += kCellHeight) {
    drawing += text_at(left - 10, y + kCellHeight / 2 + 4, "y", map.rows[row]);
    for (std::size_t column = 0; column < map.columns.size(); ++column) {
      const double value = map.values[row * map.columns.size() + column];
      const double x = left + width * static_cast<double>(column);
      const bool finite = std::isfinite(value);
      const double light = finite ? lightness(value) : 1.0;
      drawing +=
          message("<rect x=\"", length(x + kGap / 2), "\" y=\"", length(y + kGap / 2),
                  "\" width=\"", length(width - kGap), "\" height=\"", length(kCellHeight - kGap),
                  "\" fill=\"", finite ? shade(light) : "#f6f8fa", "\"",
                  finite && value == low ? " stroke=\"#d55e00\" stroke-width=\"2.5\"" : "", "/>\n");
      drawing += text_at(x + width / 2, y + kCellHeight / 2 + 4, light < 0.65 ? "x light" : "x",
                         finite ? cell_text(value) : "diverged");
    }
  }
  for (std::size_t column = 0; column < map.columns.size(); ++column) {
    drawing += text_at(left + width * (static_cast<double>(column) + 0.5), y + 18, "x",
                       map.columns[column]);
  }
  drawing += text_at(left + (kPlotWidth - kRowTitle) / 2, y + 38, "x", map.column_title);
  return {drawing, y + kAxis};
}

}  // namespace kindling::demo
