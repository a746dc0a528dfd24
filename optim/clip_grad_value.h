// SPDX-License-Identifier: MIT
#pragma once

#include <kindling/core/api.h>
#include <kindling/core/tensor.h>

#include <vector>

namespace kindling::optim {

/// Moves each element of the gradients into [-clip_value, clip_value]; a NaN stays. Parameters
/// without a gradient are left out. Does not wait for the device. ValueError when clip_value is
/// negative or NaN.
KINDLING_API void clip_grad_value_(const std::vector<Tensor>& params, double clip_value);

}  // namespace kindling::optim
