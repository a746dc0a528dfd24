// SPDX-License-Identifier: MIT
#pragma once

#include <kindling/core/error.h>
#include <kindling/core/tensor.h>

#include <cstdint>

/// Checks that ops make at their edge, before anything changes.
namespace kindling::detail {

/// The tensor's impl; ValueError when it is undefined.
inline TensorImpl& check_defined(const char* op, const Tensor& tensor) {
  if (tensor.impl() == nullptr) {
    throw ValueError(message(op,
                             ": undefined tensor: it was default-constructed or moved from, or is "
                             "the grad() of a tensor that no backward has reached"));
  }
  return *tensor.impl();
}

[[noreturn]] void throw_not_floating(const char* op);

/// What makes a tensor of x's dtype and device. ValueError when x is undefined.
TensorOptions options_like(const char* op, const Tensor& x);

/// Defined and on one device: DeviceError.
void check_same_device(const char* op, const Tensor& a, const Tensor& b);
/// Defined, of one dtype and on one device: DTypeError, DeviceError.
void check_same(const char* op, const Tensor& a, const Tensor& b);

/// DTypeError for int64, and ValueError when x is undefined.
inline void check_floating(const char* op, const Tensor& x) {
  if (!is_floating(check_defined(op, x).storage->dtype)) throw_not_floating(op);
}
/// ValueError unless the dtype holds `value`: int64 has no fractions, and what is beyond 2^53 no
/// double says exactly.
void check_holds(const char* op, DType dtype, double value);
/// ValueError for a tensor of int64.
void check_may_require_grad(const char* op, DType dtype);

/// d counted from the end if negative. ShapeError unless it is one of `rank` dimensions.
int check_dim(const char* op, const Shape& shape, int d);

/// The elements of a tensor of this shape. ShapeError unless every size is at least 0, and the
/// bytes that any of the sizes make together can be counted in 63 bits: then no product of some of
/// them, such as a stride, overflows.
std::int64_t checked_numel(const char* op, const Shape& shape);

/// ValueError when `tensor` takes part in a graph that an in-place change would falsify.
void check_in_place(const char* op, const Tensor& tensor);

/// ValueError when a gradient is asked of an operand that gets none; `what` it is to the op.
void check_untracked(const char* op, const char* what, const Tensor& tensor);

/// ValueError unless `numbers` are whole numbers from 0 to count - 1; `what` each is to the op. On
/// the CPU alone, and in a captured step when it is recorded: a GPU is not waited for, and its
/// kernels give NaN.
void check_whole_numbers(const char* op, const char* what, const Tensor& numbers,
                         std::int64_t count);

}  // namespace kindling::detail
