// SPDX-License-Identifier: MIT
#pragma once

#include <kindling/kernels/math/host_device.h>

namespace kindling::math {

/// Calls function.operator()<op>(): the formulas of kernels/math choose by a constant, so that a
/// loop over them has no choice left in it. The enumerators of Op count from 0 to Op::last.
template <class Op, Op candidate = Op::last, class F>
KINDLING_HOST_DEVICE auto visit(Op op, const F& function) {
  if constexpr (candidate != Op{})
    if (op != candidate)
      return visit<Op, static_cast<Op>(static_cast<int>(candidate) - 1)>(op, function);
  return function.template operator()<candidate>();
}

}  // namespace kindling::math
