// SPDX-License-Identifier: MIT
#pragma once

#include <kindling/core/api.h>
#include <kindling/core/device.h>

namespace kindling {

/// Where tensors are made whose options name no device: the CPU, until set_default_device() names
/// another for the whole process. DeviceError where that is not available.
KINDLING_API Device default_device() noexcept;
KINDLING_API void set_default_device(Device device);

}  // namespace kindling
