// SPDX-License-Identifier: MIT
#pragma once

#include <kindling/core/parse_number.h>

#include <string>

namespace kindling::demo {

using detail::parse_number;

/// `value` for a table: four decimals ("0.0200"), in scientific form where those would hide it
/// ("2.00e-05").
std::string format_number(double value);

/// `value` in three significant digits: "0.0123", "4.56e+04".
std::string format_short(double value);

/// `value` in the fewest digits that parse_number() turns back into the same double.
std::string format_exact(double value);

/// `value` with `decimals` decimals.
std::string format_fixed(double value, int decimals);

/// A whole number with its thousands set apart: "1,797".
std::string format_count(long long value);
std::string counted(std::size_t value);

}  // namespace kindling::demo
