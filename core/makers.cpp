// SPDX-License-Identifier: MIT
#include <kindling/core/checks.h>
#include <kindling/core/command.h>
#include <kindling/core/makers.h>
#include <kindling/core/ops.h>

#include <algorithm>
#include <cmath>

namespace kindling {

using namespace detail;

namespace {

Tensor make(const char* op, const Shape& shape, DType dtype, Device device, bool requires_grad) {
  if (requires_grad) check_may_require_grad(op, dtype);
  const Tensor result = make_tensor(op, shape, dtype, device);
  result.impl()->requires_grad = requires_grad;
  return result;
}

Tensor filled(const char* op, const Shape& shape, double value, const TensorOptions& options) {
  check_holds(op, options.dtype, value);
  const Tensor result = make(op, shape, options.dtype, options.device, options.requires_grad);
  issue(backend_of(result), kernels::Fill{view(result), value});
  return result;
}

}  // namespace

Tensor empty(const Shape& shape, const TensorOptions& options) {
  return make("empty", shape, options.dtype, options.device, options.requires_grad);
}
Tensor zeros(const Shape& shape, const TensorOptions& options) {
  return filled("zeros", shape, 0, options);
}
Tensor ones(const Shape& shape, const TensorOptions& options) {
  return filled("ones", shape, 1, options);
}
Tensor full(const Shape& shape, double value, const TensorOptions& options) {
  return filled("full", shape, value, options);
}

Tensor arange(double start, double end, double step, const TensorOptions& options) {
  const double count = std::ceil((end - start) / step);
  if (!std::isfinite(count) || count < 0) {
    throw ValueError(message("arange: start ", start, ", end ", end, ", step ", step,
                             ": step must be finite, not 0, and lead from start to end"));
  }
  if (count > static_cast<double>(largest_whole_number(DType::float64))) {
    throw ValueError(message("arange: start ", start, ", end ", end, ", step ", step, ": ", count,
                             " elements are more than a tensor can have"));
  }
  check_holds("arange", options.dtype, start);
  check_holds("arange", options.dtype, step);
  const Tensor result = make("arange", Shape(static_cast<std::int64_t>(count)), options.dtype,
                             options.device, options.requires_grad);
  issue(backend_of(result), kernels::Arange{view(result), start, step});
  return result;
}
Tensor arange(double end, const TensorOptions& options) { return arange(0, end, 1, options); }

Tensor linspace(double start, double end, std::int64_t count, const TensorOptions& options) {
  if (count < 0 || !std::isfinite(start) || !std::isfinite(end)) {
    throw ValueError(message("linspace: ", count, " values from ", start, " to ", end,
                             ": the count must be at least 0, start and end finite"));
  }
  if (!is_floating(options.dtype)) {
    throw DTypeError(
        "linspace: dtype int64: must be float32 or float64: arange makes whole numbers");
  }
  const Tensor result =
      make("linspace", {count}, options.dtype, options.device, options.requires_grad);
  const auto intervals = static_cast<double>(std::max<std::int64_t>(count - 1, 1));
  issue(backend_of(result),
        kernels::Arange{view(result), start, end / intervals - start / intervals});
  return result;
}

Tensor eye(std::int64_t n, const TensorOptions& options) {
  TensorOptions plain = options;
  plain.requires_grad = false;
  checked_numel("eye", {n, n});
  const Tensor numbers = arange(static_cast<double>(n), plain);
  const Tensor result = reshape(numbers, {n, 1}) == numbers;
  result.impl()->requires_grad = options.requires_grad;
  return result;
}

Tensor zeros_like(const Tensor& x) {
  const TensorOptions options = options_like("zeros_like", x);
  return zeros(x.shape(), options);
}
Tensor ones_like(const Tensor& x) {
  const TensorOptions options = options_like("ones_like", x);
  return ones(x.shape(), options);
}
Tensor full_like(const Tensor& x, double value) {
  const TensorOptions options = options_like("full_like", x);
  return full(x.shape(), value, options);
}
Tensor empty_like(const Tensor& x) {
  const TensorOptions options = options_like("empty_like", x);
  return empty(x.shape(), options);
}

Tensor one_hot(const Tensor& x, std::int64_t classes) {
  const TensorOptions options = options_like("one_hot", x);
  if (classes < 1)
    throw ValueError(message("one_hot: ", classes, " classes: at least 1 is needed"));
  return unsqueeze(x.detach(), -1) == arange(static_cast<double>(classes), options);
}

namespace {

// Appends the numbers of `values`, which must have the sizes that the first row of each level set.
void flatten(const NestedNumbers& values, std::span<const std::int64_t> sizes,
             std::vector<double>& out) {
  if (values.is_list() != !sizes.empty() ||
      (values.is_list() && static_cast<std::int64_t>(values.parts().size()) != sizes.front())) {
    throw ShapeError("tensor: nested lists differ in length or depth: every row needs the same");
  }
  if (!values.is_list()) return out.push_back(values.value());
  for (const NestedNumbers& part : values.parts()) flatten(part, sizes.subspan(1), out);
}

template <class T>
Tensor copy_of(std::span<const T> values, const Shape& shape, const DataOptions& options) {
  const std::int64_t numel = checked_numel("from_data", shape);
  if (static_cast<std::int64_t>(values.size()) != numel) {
    throw ShapeError(message("from_data: ", values.size(), " values do not fill shape ", shape,
                             " with ", numel, " elements"));
  }
  const Tensor result = make("from_data", shape, options.dtype.value_or(dtype_of<T>),
                             options.device, options.requires_grad);
  // The values are only read; a View has no const form.
  copy_from_host("from_data", {const_cast<T*>(values.data()), numel, dtype_of<T>}, view(result),
                 options.device);
  return result;
}

template <class T>
Tensor borrowed(T* data, const Shape& shape, const DataOptions& options) {
  const std::int64_t numel = checked_numel("borrow", shape);
  if (options.dtype.value_or(dtype_of<T>) != dtype_of<T>) {
    throw DTypeError(message("borrow: the memory holds ", dtype_of<T>, ", not ", *options.dtype,
                             ": use from_data(), which converts"));
  }
  if (data == nullptr && numel != 0) throw ValueError("borrow: data is a null pointer");
  if (!options.device.is_cpu()) {
    throw DeviceError(message("borrow: memory of the program is on cpu, not ", options.device,
                              ": use from_data(), which copies"));
  }
  if (options.requires_grad) check_may_require_grad("borrow", dtype_of<T>);
  const Tensor result(TensorImpl::make(Storage::borrow(data, numel, dtype_of<T>), 0, shape));
  result.impl()->requires_grad = options.requires_grad;
  return result;
}

}  // namespace

Tensor tensor(const NestedNumbers& values, const TensorOptions& options) {
  std::vector<std::int64_t> sizes;
  for (const NestedNumbers* level = &values; level->is_list(); level = &level->parts().front()) {
    sizes.push_back(static_cast<std::int64_t>(level->parts().size()));
    if (level->parts().empty()) break;
  }
  const Shape shape{std::span<const std::int64_t>(sizes)};
  std::vector<double> numbers;
  flatten(values, sizes, numbers);
  for (const double number : numbers) check_holds("tensor", options.dtype, number);
  const Tensor result = make("tensor", shape, options.dtype, options.device, options.requires_grad);
  copy_from_host("tensor", {numbers.data(), result.numel(), DType::float64}, view(result),
                 options.device);
  return result;
}

Tensor from_data(std::span<const float> values, const Shape& shape, const DataOptions& options) {
  return copy_of(values, shape, options);
}
Tensor from_data(std::span<const double> values, const Shape& shape, const DataOptions& options) {
  return copy_of(values, shape, options);
}
Tensor from_data(std::span<const std::int64_t> values, const Shape& shape,
                 const DataOptions& options) {
  return copy_of(values, shape, options);
}
Tensor from_data(std::span<const int> values, const Shape& shape, const DataOptions& options) {
  const std::vector<std::int64_t> wide(values.begin(), values.end());
  return copy_of(std::span<const std::int64_t>(wide), shape, options);
}
Tensor borrow(float* data, const Shape& shape, const DataOptions& options) {
  return borrowed(data, shape, options);
}
Tensor borrow(double* data, const Shape& shape, const DataOptions& options) {
  return borrowed(data, shape, options);
}
Tensor borrow(std::int64_t* data, const Shape& shape, const DataOptions& options) {
  return borrowed(data, shape, options);
}

}  // namespace kindling
