// SPDX-License-Identifier: MIT
#pragma once

#include <kindling/core/api.h>

#include <concepts>
#include <cstdint>
#include <iosfwd>

namespace kindling {

/// Element type of a tensor. Two dtypes in one op are a DTypeError; nothing is promoted silently.
/// int64 holds indices and classes: it can be moved, compared, added, subtracted and multiplied,
/// and has no gradient.
enum class DType : std::uint8_t { float32, float64, int64 };
using enum DType;

/// Bytes of one element.
constexpr std::int64_t size_of(DType dtype) noexcept { return dtype == DType::float32 ? 4 : 8; }

/// Whether it is float32 or float64.
constexpr bool is_floating(DType dtype) noexcept { return dtype != DType::int64; }

/// Up to here a dtype holds every whole number exactly. Numbers of int64 come from doubles, too,
/// as those of arange, so that what these hold is the bound.
constexpr std::int64_t largest_whole_number(DType dtype) noexcept {
  return std::int64_t{1} << (dtype == DType::float32 ? 24 : 53);
}

/// The C++ types of elements: float, double and std::int64_t.
template <class T>
concept Element =
    std::same_as<T, float> || std::same_as<T, double> || std::same_as<T, std::int64_t>;

/// The DType of a C++ type.
template <Element T>
inline constexpr DType dtype_of = std::same_as<T, float>    ? DType::float32
                                  : std::same_as<T, double> ? DType::float64
                                                            : DType::int64;

/// Prints "float32", "float64" or "int64".
KINDLING_API std::ostream& operator<<(std::ostream& out, DType dtype);

}  // namespace kindling
