// SPDX-License-Identifier: MIT
#pragma once

#include <kindling/core/api.h>
#include <kindling/core/tensor.h>

#include <string>
#include <vector>

namespace kindling::optim {

/// The parameters whose gradients hold an infinity or a NaN, by the names that their modules gave
/// them ("fc1.weight"), or else by number ("parameter 3"): for a message, where a loss has gone
/// wrong. Waits for the device.
KINDLING_API std::vector<std::string> nonfinite_gradients(const std::vector<Tensor>& params);

}  // namespace kindling::optim
