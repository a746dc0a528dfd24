// SPDX-License-Identifier: MIT
#pragma once

#include "tests/emulator/program/instruction.h"

#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>

namespace emulator {

/// Subnormal numbers become zeros of the same sign.
template <class T>
T flushed(T value) {
  return std::fabs(value) < std::numeric_limits<T>::min() ? std::copysign(T{0}, value) : value;
}

/// Every float32 NaN that arithmetic makes is 0x7fffffff on the device.
inline float canonical(float value) {
  return value != value ? std::bit_cast<float>(0x7fffffffu) : value;
}
inline double canonical(double value) { return value; }

/// The smaller one; -0 is below +0. Of a number and a NaN: the number, or, with `propagates`, NaN.
template <bool propagates, class T>
T minimum(T a, T b) {
  if (a != a || b != b) {
    if (propagates || (a != a && b != b)) return canonical(std::numeric_limits<T>::quiet_NaN());
    return a != a ? b : a;
  }
  return a < b || (a == b && std::signbit(a)) ? a : b;
}
template <bool propagates, class T>
T maximum(T a, T b) {
  const T result = -minimum<propagates>(-a, -b);
  return result != result ? canonical(std::numeric_limits<T>::quiet_NaN()) : result;
}

/// Clamped to [0, 1]; NaN becomes 0.
template <class T>
T saturated(T value) {
  return value > 0 ? (value < 1 ? value : T{1}) : T{0};
}

/// A 16-bit floating format.
struct HalfFormat {
  int exponent_bits;
  int fraction_bits;
  constexpr int bias() const { return (1 << (exponent_bits - 1)) - 1; }
};
inline constexpr HalfFormat kHalf{5, 10};
inline constexpr HalfFormat kBrain{8, 7};

/// The bits of `value` rounded once to the format; overflow as IEEE 754 says for the rounding.
std::uint16_t round_to_half(double value, HalfFormat format, Rounding rounding);
/// Exact.
double from_half(std::uint16_t bits, HalfFormat format);

/// a * b + c of numbers with at most 24 significant bits, rounded to double so that rounding the
/// result once more to fewer than 51 bits gives the correctly rounded value (round to odd).
double fma_to_odd(double a, double b, double c);

/// A lane of a 16-bit format, a number that converts to double without loss.
template <HalfFormat format>
struct Small {
  std::uint16_t bits;
  operator double() const { return from_half(bits, format); }
  static Small rounded(double value, Rounding rounding = Rounding::nearest) {
    return {round_to_half(value, format, rounding)};
  }
  static constexpr double smallest() { return format.bias() > 15 ? 0x1p-126 : 0x1p-14; }
};
using Half = Small<kHalf>;
using Brain = Small<kBrain>;

/// A lane of two numbers: f16x2, bf16x2.
template <class T>
struct Pair {
  T low, high;
};

}  // namespace emulator
