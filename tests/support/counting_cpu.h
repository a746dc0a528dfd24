// SPDX-License-Identifier: MIT
#pragma once

#include "tests/support/devices.h"
#include "tests/support/other_cpu.h"

#include <cstddef>
#include <map>
#include <vector>

namespace kindling::test {

/// Takes the place of the CPU while it lives, and knows its blocks of memory.
class CountingCpu final : public OtherCpu {
 public:
  CountingCpu() { kernels::cpu::exchange_backend(*this); }
  ~CountingCpu() override { kernels::cpu::exchange_backend(cpu()); }

  void* allocate(std::size_t bytes) override {
    char* data = static_cast<char*>(OtherCpu::allocate(bytes));
    ++allocations_[bytes];
    if (data != nullptr) blocks_[data] = bytes;
    return data;
  }
  void deallocate(void* data, std::size_t bytes) noexcept override {
    blocks_.erase(static_cast<char*>(data));
    OtherCpu::deallocate(data, bytes);
  }

  /// How many blocks of that size have been allocated.
  int allocations(std::size_t bytes) const {
    const auto found = allocations_.find(bytes);
    return found == allocations_.end() ? 0 : found->second;
  }
  /// Whether this lies in a block that is in use.
  bool is_allocated(const void* address) const {
    const auto* wanted = static_cast<const char*>(address);
    for (const auto& [data, bytes] : blocks_) {
      if (data <= wanted && wanted < data + bytes) return true;
    }
    return false;
  }

 private:
  OnCpu on_cpu_;
  std::map<std::size_t, int> allocations_;
  std::map<char*, std::size_t> blocks_;
};

}  // namespace kindling::test
