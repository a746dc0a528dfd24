// SPDX-License-Identifier: MIT
#include "tests/support/failing_memory.h"

#include <kindling/core/makers.h>

#include "tests/support/devices.h"
#include "tests/support/other_cpu.h"

#include <atomic>

namespace kindling::test {

class FailingMemory::Memory final : public OtherCpu {
 public:
  void* allocate(std::size_t bytes) override {
    if (--left == 0) throw OutOfMemoryError("refused by the test");
    void* data = OtherCpu::allocate(bytes);
    if (data != nullptr) ++blocks;
    return data;
  }
  void deallocate(void* data, std::size_t bytes) noexcept override {
    if (data != nullptr) --blocks;
    OtherCpu::deallocate(data, bytes);
  }

  std::atomic<std::int64_t> left{0};  // until the one that fails
  std::atomic<std::int64_t> blocks{0};
};

FailingMemory::FailingMemory() : memory_(std::make_unique<Memory>()) {
  // What a thread keeps once it has made it.
  for (const DType dtype : kDTypes) ones({}, {.dtype = dtype, .requires_grad = true}).backward();
  kernels::cpu::exchange_backend(*memory_);
}
FailingMemory::~FailingMemory() { kernels::cpu::exchange_backend(memory_->cpu()); }

void FailingMemory::fail_at(std::int64_t n) { memory_->left = n; }
bool FailingMemory::failed() const { return memory_->left <= 0; }
std::int64_t FailingMemory::blocks() const { return memory_->blocks; }

}  // namespace kindling::test
