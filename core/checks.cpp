// SPDX-License-Identifier: MIT
#include <kindling/core/autograd.h>
#include <kindling/core/checks.h>

#include <algorithm>
#include <cmath>

namespace kindling::detail {

TensorOptions options_like(const char* op, const Tensor& x) {
  const Storage& storage = *check_defined(op, x).storage;
  return {.dtype = storage.dtype, .device = storage.device};
}

void check_same_device(const char* op, const Tensor& a, const Tensor& b) {
  const Storage& first = *check_defined(op, a).storage;
  const Storage& second = *check_defined(op, b).storage;
  if (first.device != second.device) {
    throw DeviceError(message(op, ": devices differ: ", first.device, " and ", second.device,
                              ": move one with to(device)"));
  }
}

void check_same(const char* op, const Tensor& a, const Tensor& b) {
  const Storage& first = *check_defined(op, a).storage;
  const Storage& second = *check_defined(op, b).storage;
  if (first.dtype != second.dtype) {
    throw DTypeError(message(op, ": dtypes differ: ", first.dtype, " and ", second.dtype,
                             ": convert one with to(",
                             is_floating(first.dtype) ? first.dtype : second.dtype, ")"));
  }
  check_same_device(op, a, b);
}

void throw_not_floating(const char* op) {
  throw DTypeError(message(
      op, ": int64 holds indices and classes, and does not compute: ", "convert with to(float32)"));
}

void check_holds(const char* op, DType dtype, double value) {
  const auto most = static_cast<double>(largest_whole_number(dtype));
  if (is_floating(dtype) || (std::abs(value) < most && value == std::floor(value))) return;
  throw ValueError(message(op, ": value ", value, ": ", dtype,
                           " takes whole numbers below 2^53, or use float64"));
}

void check_may_require_grad(const char* op, DType dtype) {
  if (is_floating(dtype)) return;
  throw ValueError(message(op, ": requires_grad: int64 has no gradient: use float32 or float64"));
}

int check_dim(const char* op, const Shape& shape, int d) {
  const int rank = shape.rank();
  if (rank == 0) {
    throw ShapeError(message(op, ": dimension ", d, " does not exist in []: a scalar has none"));
  }
  if (d >= rank || d < -rank) {
    throw ShapeError(message(op, ": dimension ", d, " does not exist in ", shape, ": expected ",
                             -rank, " to ", rank - 1));
  }
  return d < 0 ? d + rank : d;
}

namespace {

[[noreturn, gnu::cold]] void throw_uncountable(const char* op, const Shape& shape) {
  for (const std::int64_t size : shape) {
    if (size < 0) throw ShapeError(message(op, ": negative size in shape ", shape));
  }
  shape.throw_uncountable(op);
}

}  // namespace

std::int64_t checked_numel(const char* op, const Shape& shape) {
  std::int64_t bytes = size_of(DType::float64);
  bool empty = false;
  bool uncountable = false;
  for (const std::int64_t size : shape) {
    empty |= size == 0;
    uncountable |= size < 0 || __builtin_mul_overflow(bytes, size == 0 ? 1 : size, &bytes);
  }
  if (uncountable) throw_uncountable(op, shape);
  return empty ? 0
               : static_cast<std::int64_t>(static_cast<std::uint64_t>(bytes) /
                                           static_cast<std::uint64_t>(size_of(DType::float64)));
}

void check_in_place(const char* op, const Tensor& tensor) {
  const TensorImpl& impl = check_defined(op, tensor);
  if (impl.requires_grad && grad_enabled()) {
    throw ValueError(message(
        op, ": the tensor takes part in gradients, which an in-place change ",
        "would falsify: use a NoGradGuard, detach(), or the op that returns a ", "new tensor"));
  }
}

void check_untracked(const char* op, const char* what, const Tensor& tensor) {
  if (!is_tracked(tensor)) return;
  throw ValueError(message(op, ": ", what, ": it requires a gradient, and none flows to it here: ",
                           "give its detach()"));
}

namespace {

double number_at(const View& values, std::int64_t i) {
  switch (values.dtype) {
    case DType::float32:
      return static_cast<const float*>(values.data)[i];
    case DType::float64:
      return static_cast<const double*>(values.data)[i];
    case DType::int64:
      break;
  }
  return static_cast<double>(static_cast<const std::int64_t*>(values.data)[i]);
}

}  // namespace

void check_whole_numbers(const char* op, const char* what, const Tensor& numbers,
                         std::int64_t count) {
  if (!numbers.device().is_cpu()) return;
  const View values = view(numbers);
  for (std::int64_t i = 0; i < values.numel; ++i) {
    const double value = number_at(values, i);
    if (!(value >= 0 && value < static_cast<double>(count)) || value != std::floor(value)) {
      throw ValueError(message(op, ": ", what, " ", value, " at ", i,
                               ": expected whole numbers from 0 to ", count - 1));
    }
  }
}

}  // namespace kindling::detail
