// SPDX-License-Identifier: MIT
#include "demo/cells.h"

#include "demo/number.h"

#include <algorithm>
#include <array>
#include <string_view>

namespace kindling::demo {
namespace {

constexpr std::array<std::string_view, 8> kMissing{"",    "?",   "NA",   "N/A",
                                                   "nan", "NaN", "null", "NULL"};

}  // namespace

bool CellFormat::missing(const std::string& text) const {
  return std::find(kMissing.begin(), kMissing.end(), text) != kMissing.end() ||
         std::find(na.begin(), na.end(), text) != na.end();
}

std::optional<double> CellFormat::number(const std::string& text) const {
  if (decimal == '.') return parse_number(text);
  if (text.find('.') != std::string::npos) return std::nullopt;
  std::string point = text;
  std::replace(point.begin(), point.end(), decimal, '.');
  return parse_number(point);
}

std::string CellFormat::label(const std::string& text) const {
  const auto value = number(text);
  return value ? format_exact(*value) : text;
}

}  // namespace kindling::demo
