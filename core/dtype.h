// SPDX-License-Identifier: MIT
#pragma once

#include <kindling/core/api.h>

#include <cstdint>
#include <iosfwd>

namespace kindling {

/// Element type of a tensor. Two dtypes in one op are a DTypeError; nothing is promoted silently.
enum class DType : std::uint8_t { float32, float64 };

/// Bytes of one element.
constexpr std::int64_t size_of(DType dtype) noexcept { return dtype == DType::float32 ? 4 : 8; }

/// Up to here a dtype holds every whole number exactly.
constexpr std::int64_t largest_whole_number(DType dtype) noexcept {
  return std::int64_t{1} << (dtype == DType::float32 ? 24 : 53);
}

/// The DType of a C++ type: float or double.
template <class T>
inline constexpr DType dtype_of = [] {
  static_assert(sizeof(T) == 0, "Kindling tensors hold float or double");
  return DType::float32;
}();
template <>
inline constexpr DType dtype_of<float> = DType::float32;
template <>
inline constexpr DType dtype_of<double> = DType::float64;

/// Prints "float32" or "float64".
KINDLING_API std::ostream& operator<<(std::ostream& out, DType dtype);

}  // namespace kindling
