// SPDX-License-Identifier: MIT
#include "tests/support/array.h"

#include <kindling/kindling.h>

#include <bit>
#include <cmath>
#include <cstring>
#include <stdexcept>

namespace kindling::test {

Array::Array(const Shape& array_shape, std::vector<double> array_values)
    : shape(array_shape), values(std::move(array_values)) {
  if (shape.numel() != numel()) throw std::logic_error("test: values do not fill the shape");
}

double Array::at_broadcast(const std::vector<std::int64_t>& index) const {
  std::int64_t offset = 0;
  std::size_t from = index.size() - static_cast<std::size_t>(shape.rank());
  for (int d = 0; d < shape.rank(); ++d, ++from) {
    const std::int64_t i = shape[d] == 1 ? 0 : index[from];
    offset = offset * shape[d] + i;
  }
  return (*this)[offset];
}

Array spread(const Shape& shape, double low, double high, std::uint32_t seed) {
  Array array(shape);
  std::uint32_t state = seed * 2654435761u + 12345u;
  for (double& value : array.values) {
    state = state * 1664525u + 1013904223u;  // Numerical Recipes
    value = low + (high - low) * (state >> 8) / 16777216.0;
  }
  return array;
}

Array rounded(const Array& array, DType dtype) {
  if (dtype == DType::float64) return array;
  Array result = array;
  for (double& value : result.values) value = static_cast<float>(value);
  return result;
}

Array to_array(const Tensor& tensor) { return {tensor.shape(), tensor.to_vector<double>()}; }

std::vector<std::int64_t> index_of(const Shape& shape, std::int64_t i) {
  std::vector<std::int64_t> index(static_cast<std::size_t>(shape.rank()));
  for (int d = shape.rank() - 1; d >= 0; --d) {
    index[static_cast<std::size_t>(d)] = i % shape[d];
    i /= shape[d];
  }
  return index;
}

testing::AssertionResult close(const Array& value, const Array& expected, Tolerance tolerance) {
  if (value.shape != expected.shape) {
    return testing::AssertionFailure()
           << "shape " << value.shape << ", expected " << expected.shape;
  }
  for (std::int64_t i = 0; i < value.numel(); ++i) {
    const double a = value[i];
    const double b = expected[i];
    if (a == b || (std::isnan(a) && std::isnan(b))) continue;
    const double error = std::abs(a - b);
    if (std::isfinite(b) && error <= tolerance.absolute + tolerance.relative * std::abs(b))
      continue;
    return testing::AssertionFailure() << "element " << i << " of " << value.shape << " is " << a
                                       << ", expected " << b << ", error " << error;
  }
  return testing::AssertionSuccess();
}

testing::AssertionResult same(const Tensor& value, const Array& expected) {
  return close(to_array(value), expected, {});
}

testing::AssertionResult same_bits(const Tensor& value, const Tensor& expected) {
  if (value.shape() != expected.shape() || value.dtype() != expected.dtype()) {
    return testing::AssertionFailure() << value.shape() << " of " << value.dtype() << ", expected "
                                       << expected.shape() << " of " << expected.dtype();
  }
  const std::vector<double> a = value.to_vector<double>();
  const std::vector<double> b = expected.to_vector<double>();
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (std::bit_cast<std::uint64_t>(a[i]) == std::bit_cast<std::uint64_t>(b[i])) continue;
    return testing::AssertionFailure()
           << "element " << i << " is " << a[i] << ", expected exactly " << b[i];
  }
  return testing::AssertionSuccess();
}

}  // namespace kindling::test
