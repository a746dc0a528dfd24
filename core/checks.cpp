// SPDX-License-Identifier: MIT
#include <kindling/core/autograd.h>
#include <kindling/core/checks.h>

#include <algorithm>
#include <limits>

namespace kindling::detail {

void check_same(const char* op, const Tensor& a, const Tensor& b) {
  const Storage& first = *check_defined(op, a).storage;
  const Storage& second = *check_defined(op, b).storage;
  if (first.dtype != second.dtype) {
    throw DTypeError(message(op, ": dtypes differ: ", first.dtype, " and ", second.dtype,
                             ": convert one with to(", first.dtype, ")"));
  }
  if (first.device != second.device) {
    throw DeviceError(message(op, ": devices differ: ", first.device, " and ", second.device,
                              ": move one with to(device)"));
  }
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

void check_sizes(const char* op, const Shape& shape) {
  std::int64_t left = std::numeric_limits<std::int64_t>::max() / size_of(DType::float64);
  for (const std::int64_t size : shape) {
    if (size < 0) throw ShapeError(message(op, ": negative size in shape ", shape));
    if (size > left) {
      throw ShapeError(message(op, ": shape ", shape, " has more elements than can be counted"));
    }
    left /= std::max<std::int64_t>(size, 1);
  }
}

void check_in_place(const char* op, const Tensor& tensor) {
  const TensorImpl& impl = check_defined(op, tensor);
  if (impl.requires_grad && grad_enabled()) {
    throw ValueError(message(
        op, ": the tensor takes part in gradients, which an in-place change ",
        "would falsify: use a NoGradGuard, detach(), or the op that returns a ", "new tensor"));
  }
}

}  // namespace kindling::detail
