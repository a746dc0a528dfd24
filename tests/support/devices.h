// SPDX-License-Identifier: MIT
#pragma once

#include <kindling/core/cuda.h>
#include <kindling/core/device.h>
#include <kindling/core/dtype.h>

#include <vector>

namespace kindling::test {

/// The devices this program can use here; every op is tested on each.
inline std::vector<Device> available_devices() {
  std::vector<Device> devices{Device::cpu()};
  if (kindling::cuda::is_available()) devices.push_back(Device::cuda());
  return devices;
}

/// Both dtypes.
inline constexpr DType kDTypes[] = {DType::float32, DType::float64};

}  // namespace kindling::test
