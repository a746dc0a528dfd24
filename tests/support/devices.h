// SPDX-License-Identifier: MIT
#pragma once

#include <kindling/core/default_device.h>
#include <kindling/core/device.h>
#include <kindling/core/dtype.h>

#include <vector>

namespace kindling::test {

/// The devices that ops are tested on: the one that the environment's KINDLING_TEST_DEVICE names,
/// else the CPU.
inline std::vector<Device> available_devices() { return {default_device()}; }

/// While it lives, tensors are made on the CPU: for what only the CPU has, such as memory to look
/// into.
class OnCpu {
 public:
  OnCpu() : before_(default_device()) { set_default_device(Device::cpu()); }
  OnCpu(const OnCpu&) = delete;
  OnCpu& operator=(const OnCpu&) = delete;
  ~OnCpu() { set_default_device(before_); }

 private:
  Device before_;
};

/// A size for the CPU, and a smaller one for a GPU: without one its kernels are interpreted, a
/// thousand times as slow.
template <class N>
N sized(N size, N for_gpu) {
  return default_device().is_cuda() ? for_gpu : size;
}

/// Both dtypes.
inline constexpr DType kDTypes[] = {DType::float32, DType::float64};

}  // namespace kindling::test
