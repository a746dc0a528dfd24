// SPDX-License-Identifier: MIT
#pragma once

#include <kindling/core/api.h>
#include <kindling/core/tensor.h>

#include <vector>

namespace kindling::optim {

/// Scales all gradients by min(1, max_norm / (norm + 1e-6)), where norm is the 2-norm of all of
/// them as one vector (summed in double), and returns norm as a scalar. Parameters without a
/// gradient are left out; without any, norm is 0. The gradients of one optimizer's group are one
/// pass each for the norm and the scaling. Does not wait for the device. ValueError when max_norm
/// is negative or NaN (infinity only measures), DeviceError when devices differ. A NaN in a
/// gradient makes every nonzero one NaN, as in PyTorch. Source: Pascanu et al. (arXiv:1211.5063).
KINDLING_API Tensor clip_grad_norm_(const std::vector<Tensor>& params, double max_norm);
/// The same; with error_if_nonfinite a norm that is infinite or NaN is a ValueError, before any
/// gradient changes: it waits for the device, and is no part of a captured step (CaptureError).
KINDLING_API Tensor clip_grad_norm_(const std::vector<Tensor>& params, double max_norm,
                                    bool error_if_nonfinite);

}  // namespace kindling::optim
