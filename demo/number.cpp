// SPDX-License-Identifier: MIT
#include "demo/number.h"

#include <array>
#include <charconv>
#include <cmath>

namespace kindling::demo {
namespace {

std::string print(double value, std::chars_format format, int precision) {
  std::array<char, 400> text;  // a double has up to 309 digits before the point
  return {text.data(),
          std::to_chars(text.data(), text.data() + text.size(), value, format, precision).ptr};
}

}  // namespace

std::string format_number(double value) {
  if (std::isnan(value)) return "nan";  // to_chars shows its sign
  const double size = std::abs(value);
  const bool hidden = size != 0.0 && (size < 0.001 || size >= 1e6);
  return hidden ? print(value, std::chars_format::scientific, 2)
                : print(value, std::chars_format::fixed, size < 1000.0 ? 4 : 1);
}

std::string format_short(double value) { return print(value, std::chars_format::general, 3); }

std::string format_exact(double value) {
  if (std::isnan(value)) return "nan";
  std::array<char, 32> text;
  return {text.data(), std::to_chars(text.data(), text.data() + text.size(), value).ptr};
}

std::string format_fixed(double value, int decimals) {
  return print(value, std::chars_format::fixed, decimals);
}

std::string format_count(long long value) {
  std::string digits = std::to_string(value);
  const std::size_t first = value < 0 ? 1 : 0;
  for (std::size_t end = digits.size(); end > first + 3; end -= 3) digits.insert(end - 3, 1, ',');
  return digits;
}

std::string counted(std::size_t value) { return format_count(static_cast<long long>(value)); }

}  // namespace kindling::demo
