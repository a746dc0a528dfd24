// SPDX-License-Identifier: MIT
#include <kindling/core/command.h>
#include <kindling/core/default_device.h>

#include <atomic>

namespace kindling {
namespace {

constexpr int kCpu = -1;
constinit std::atomic<int> chosen{kCpu};  // a GPU's index, else the CPU

}  // namespace

Device default_device() noexcept {
  const int index = chosen.load(std::memory_order_relaxed);
  return index == kCpu ? Device::cpu() : Device::cuda(index);
}

void set_default_device(Device device) {
  (void)detail::backend_of(device);
  chosen.store(device.is_cpu() ? kCpu : device.index(), std::memory_order_relaxed);
}

}  // namespace kindling
