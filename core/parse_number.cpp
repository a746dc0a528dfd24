// SPDX-License-Identifier: MIT
#include <kindling/core/parse_number.h>

#include <charconv>
#include <cmath>
#include <system_error>

namespace kindling::detail {

std::optional<double> parse_number(std::string_view text) {
  // from_chars takes no plus sign, but "nan" and "inf".
  if (text.starts_with('+') && !text.starts_with("+-")) text.remove_prefix(1);
  double value = 0;
  const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  const bool whole = stop == text.data() + text.size() && error == std::errc();
  return whole && std::isfinite(value) ? std::optional(value) : std::nullopt;
}

}  // namespace kindling::detail
