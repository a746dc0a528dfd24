// SPDX-License-Identifier: MIT
#pragma once

#include <kindling/core/command.h>

/// NumPy's broadcasting: shapes are aligned at their last dimensions, and a size of 1 repeats.
namespace kindling::detail {

/// The shape two operands have together. ShapeError naming `op`.
Shape broadcast_shape(const char* op, const Shape& a, const Shape& b);

/// How a and b are walked over `out`, neighbouring dimensions merged where both allow it; at least
/// one dimension.
Strides broadcast_strides(const Shape& a, const Shape& b, const Shape& out);

/// target, of shape `to`, (+)= x, of shape `from`, summed over the dimensions along which `to` was
/// broadcast.
void sum_broadcast(const Tensor& x, const Shape& from, View target, const Shape& to,
                   bool accumulate);

}  // namespace kindling::detail
