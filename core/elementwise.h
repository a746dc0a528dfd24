// SPDX-License-Identifier: MIT
#pragma once

// Internal to core; not part of the interface.

#include <kindling/core/tensor.h>
#include <kindling/kernels/math/elementwise.h>

namespace kindling::detail {

/// op of every element of x, differentiable; errors name the op. What core/ops.h has by name.
Tensor unary(kernels::UnaryOp op, const Tensor& x);

}  // namespace kindling::detail
