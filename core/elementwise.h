// SPDX-License-Identifier: MIT
#pragma once

// Internal to core; not part of the interface.

#include <kindling/core/tensor.h>
#include <kindling/kernels/math/binary.h>
#include <kindling/kernels/math/elementwise.h>

namespace kindling::detail {

/// op of every element of x, differentiable; errors name the op. What core/ops.h has by name.
Tensor unary(kernels::UnaryOp op, const Tensor& x);

/// a op b of every pair of elements, broadcast; differentiable where op is; errors say `name`.
Tensor binary(const char* name, kernels::BinaryOp op, const Tensor& a, const Tensor& b);
/// DTypeError for an op that x's dtype does not have, ValueError for a constant that it does not
/// hold.
void check_operand(const char* name, kernels::BinaryOp op, const Tensor& x, double scalar);
/// The same with a constant as an operand: `operand` says which one x is, 0 = a, 1 = b.
Tensor binary(const char* name, kernels::BinaryOp op, const Tensor& x, double scalar, int operand);

}  // namespace kindling::detail
