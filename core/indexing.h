// SPDX-License-Identifier: MIT
#pragma once

// Internal to core; not part of the interface.

#include <kindling/core/tensor.h>

namespace kindling::detail {

/// index_select and gather along dimension d by an index that fits and whose numbers were looked
/// at, or were made by an op: they are not looked at again.
Tensor index_select_checked(const Tensor& x, int d, const Tensor& index);
Tensor gather_checked(const Tensor& x, int d, const Tensor& index);

}  // namespace kindling::detail
