// SPDX-License-Identifier: MIT
#pragma once

#include <kindling/core/tensor.h>

#include <concepts>
#include <initializer_list>
#include <optional>
#include <span>
#include <vector>

namespace kindling {

/// Tensors of the given shape: zeros, ones, or `value` throughout. ShapeError for a negative size.
KINDLING_API Tensor zeros(const Shape& shape, const TensorOptions& options = {});
KINDLING_API Tensor ones(const Shape& shape, const TensorOptions& options = {});
KINDLING_API Tensor full(const Shape& shape, double value, const TensorOptions& options = {});
/// Uninitialised memory.
KINDLING_API Tensor empty(const Shape& shape, const TensorOptions& options = {});

/// [ceil((end - start) / step)] values start, start + step, ... before end. ValueError for step 0
/// or the wrong sign.
KINDLING_API Tensor arange(double start, double end, double step = 1,
                           const TensorOptions& options = {});
KINDLING_API Tensor arange(double end, const TensorOptions& options = {});

/// `count` values from start to end, both included, evenly spaced; a count of 1 is the start alone.
/// ValueError unless count is at least 0, start and end finite.
KINDLING_API Tensor linspace(double start, double end, std::int64_t count,
                             const TensorOptions& options = {});
/// The identity matrix [n, n]. ShapeError for a negative n.
KINDLING_API Tensor eye(std::int64_t n, const TensorOptions& options = {});

/// Tensors of the shape, dtype and device of x.
KINDLING_API Tensor zeros_like(const Tensor& x);
KINDLING_API Tensor ones_like(const Tensor& x);
KINDLING_API Tensor full_like(const Tensor& x, double value);
KINDLING_API Tensor empty_like(const Tensor& x);

/// A row of `classes` numbers for each element of x: 1 at the place that the element, a whole
/// number, names, else 0; [..., classes]. All 0 where it names none.
KINDLING_API Tensor one_hot(const Tensor& x, std::int64_t classes);

/// Braced numbers, nested to any depth: `tensor({{1, 2}, {3, 4}})`.
class KINDLING_API NestedNumbers {
 public:
  template <class Number>
  requires std::integral<Number> || std::floating_point<Number> NestedNumbers(Number value)
  noexcept  // NOLINT(google-explicit-constructor)
      : value_(static_cast<double>(value)) {}
  NestedNumbers(std::initializer_list<NestedNumbers> parts) : is_list_(true), parts_(parts) {}

  bool is_list() const noexcept { return is_list_; }
  double value() const noexcept { return value_; }
  const std::vector<NestedNumbers>& parts() const noexcept { return parts_; }

 private:
  double value_ = 0;
  bool is_list_ = false;
  std::vector<NestedNumbers> parts_;
};

/// A tensor of the given values; float32 unless options say otherwise. ShapeError when rows differ
/// in length.
KINDLING_API Tensor tensor(const NestedNumbers& values, const TensorOptions& options = {});

/// How from_data and borrow build their tensor: the dtype follows the data unless one is given.
struct DataOptions {
  std::optional<DType> dtype = std::nullopt;
  Device device = default_device();
  bool requires_grad = false;
};

/// A copy of `values` as a tensor of `shape`; vectors, arrays and spans convert, and integers
/// become int64. ShapeError when the counts differ.
KINDLING_API Tensor from_data(std::span<const float> values, const Shape& shape,
                              const DataOptions& options = {});
KINDLING_API Tensor from_data(std::span<const double> values, const Shape& shape,
                              const DataOptions& options = {});
KINDLING_API Tensor from_data(std::span<const std::int64_t> values, const Shape& shape,
                              const DataOptions& options = {});
KINDLING_API Tensor from_data(std::span<const int> values, const Shape& shape,
                              const DataOptions& options = {});

/// A tensor on memory that the caller owns and keeps alive as long as any handle; CPU only. Nothing
/// is copied.
KINDLING_API Tensor borrow(float* data, const Shape& shape,
                           const DataOptions& options = {.device = Device::cpu()});
KINDLING_API Tensor borrow(double* data, const Shape& shape,
                           const DataOptions& options = {.device = Device::cpu()});
KINDLING_API Tensor borrow(std::int64_t* data, const Shape& shape,
                           const DataOptions& options = {.device = Device::cpu()});

}  // namespace kindling
