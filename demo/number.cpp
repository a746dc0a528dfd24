// SPDX-License-Identifier: MIT
#include "demo/number.h"

#include <array>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <cstdlib>

namespace kindling::demo {
namespace {

std::string print(const char* format, int precision, double value) {
  const int length = std::snprintf(nullptr, 0, format, precision, value);
  std::string text(static_cast<std::size_t>(length), '\0');
  std::snprintf(text.data(), text.size() + 1, format, precision, value);
  return text;
}

}  // namespace

std::optional<double> parse_number(std::string_view text) {
  // strtod also reads hexadecimal, "nan" and leading blanks, which are refused here.
  if (text.empty() || text.find_first_not_of("0123456789+-.eE") != std::string_view::npos)
    return std::nullopt;
  const std::string terminated(text);
  char* end = nullptr;
  const double value = std::strtod(terminated.c_str(), &end);
  if (end != terminated.c_str() + terminated.size() || !std::isfinite(value)) return std::nullopt;
  return value;
}

std::string format_number(double value) {
  if (std::isnan(value)) return "nan";  // printf shows its sign
  const double size = std::abs(value);
  const bool hidden = size != 0.0 && (size < 0.001 || size >= 1e6);
  return hidden ? print("%.*e", 2, value) : print("%.*f", 4, value);
}

std::string format_exact(double value) {
  std::array<char, 32> text;
  return {text.data(), std::to_chars(text.data(), text.data() + text.size(), value).ptr};
}

std::string format_fixed(double value, int decimals) { return print("%.*f", decimals, value); }

std::string format_count(long long value) {
  std::string digits = std::to_string(value);
  const std::size_t first = value < 0 ? 1 : 0;
  for (std::size_t end = digits.size(); end > first + 3; end -= 3) digits.insert(end - 3, 1, ',');
  return digits;
}

}  // namespace kindling::demo
