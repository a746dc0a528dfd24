// SPDX-License-Identifier: MIT
#include <kindling/core/command.h>
#include <kindling/core/default_device.h>

#include <atomic>

namespace kindling {
namespace {

constinit std::atomic<Device> chosen{Device::cpu()};

}  // namespace

Device default_device() noexcept { return chosen.load(std::memory_order_relaxed); }

void set_default_device(Device device) {
  (void)detail::backend_of(device);
  chosen.store(device, std::memory_order_relaxed);
}

}  // namespace kindling
