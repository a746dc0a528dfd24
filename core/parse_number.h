// SPDX-License-Identifier: MIT
#pragma once

#include <kindling/core/api.h>

#include <optional>
#include <string_view>

namespace kindling::detail {

/// The decimal number that `text` is, whole and alone ("12", "-0.5", "1e-3"); nothing for anything
/// else, "nan", "inf" and numbers too large or too small for a double among them.
KINDLING_API std::optional<double> parse_number(std::string_view text);

}  // namespace kindling::detail
