// SPDX-License-Identifier: MIT
#pragma once

#include <kindling/core/shape.h>
#include <kindling/core/tensor.h>

#include <gtest/gtest.h>

#include <cstdint>
#include <vector>

namespace kindling::test {

/// The plain array that references compute with, in double and in the most obvious way.
struct Array {
  Shape shape;
  std::vector<double> values;  // row-major

  Array() = default;
  Array(const Shape& array_shape, std::vector<double> array_values);
  explicit Array(const Shape& array_shape)
      : Array(array_shape, std::vector<double>(static_cast<std::size_t>(array_shape.numel()))) {}

  std::int64_t numel() const { return static_cast<std::int64_t>(values.size()); }
  double& operator[](std::int64_t i) { return values[static_cast<std::size_t>(i)]; }
  double operator[](std::int64_t i) const { return values[static_cast<std::size_t>(i)]; }
  /// The element that broadcasting puts at `index` of a larger shape.
  double at_broadcast(const std::vector<std::int64_t>& index) const;
};

/// Numbers that look random in [low, high), the same for the same seed, that depend on nothing
/// under test.
Array spread(const Shape& shape, double low, double high, std::uint32_t seed = 1);
/// The same as elements of a kernel.
template <class T>
std::vector<T> spread(std::int64_t n, double low, double high, std::uint32_t seed = 1) {
  const Array array = spread(Shape(n), low, high, seed);
  return {array.values.begin(), array.values.end()};
}

/// Each value as the dtype holds it.
Array rounded(const Array& array, DType dtype);
Array to_array(const Tensor& tensor);

/// The index of element i of `shape`, outermost first.
std::vector<std::int64_t> index_of(const Shape& shape, std::int64_t i);

struct Tolerance {
  double relative = 0;
  double absolute = 0;
};

/// Equal shapes, and each |value - expected| <= absolute + relative |expected|; NaNs and infinities
/// must agree.
testing::AssertionResult close(const Array& value, const Array& expected, Tolerance tolerance);
/// Equal shapes and equal values.
testing::AssertionResult same(const Tensor& value, const Array& expected);
/// Equal shapes, dtypes, and bits.
testing::AssertionResult same_bits(const Tensor& value, const Tensor& expected);

}  // namespace kindling::test
