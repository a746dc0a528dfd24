// SPDX-License-Identifier: MIT
#include "tests/support/failing_memory.h"

#include <kindling/core/makers.h>
#include <kindling/kernels/cpu/instruction_set.h>

#include "tests/support/devices.h"

#include <atomic>

namespace kindling::test {

/// The CPU, but for its memory.
class FailingMemory::Memory final : public kernels::Backend {
 public:
  explicit Memory(Backend& cpu) : Backend(cpu.device(), cpu.table()), cpu_(cpu) {}

  void* allocate(std::size_t bytes) override {
    if (--left == 0) throw OutOfMemoryError("refused by the test");
    void* data = cpu_.allocate(bytes);
    if (data != nullptr) ++blocks;
    return data;
  }
  void deallocate(void* data, std::size_t bytes) noexcept override {
    if (data != nullptr) --blocks;
    cpu_.deallocate(data, bytes);
  }
  void upload(void* target, const void* host, std::size_t bytes) override {
    cpu_.upload(target, host, bytes);
  }
  void download(void* host, const void* source, std::size_t bytes) override {
    cpu_.download(host, source, bytes);
  }
  void synchronize() override { cpu_.synchronize(); }
  std::unique_ptr<kernels::Program> compile(
      std::span<const kernels::RecordedCommand> commands) override {
    return cpu_.compile(commands);
  }

  Backend& cpu() const { return cpu_; }

  std::atomic<std::int64_t> left{0};  // until the one that fails
  std::atomic<std::int64_t> blocks{0};

 private:
  Backend& cpu_;
};

FailingMemory::FailingMemory() : memory_(std::make_unique<Memory>(kernels::cpu::backend())) {
  // What a thread keeps once it has made it.
  for (const DType dtype : kDTypes) ones({}, {.dtype = dtype, .requires_grad = true}).backward();
  kernels::cpu::exchange_backend(*memory_);
}
FailingMemory::~FailingMemory() { kernels::cpu::exchange_backend(memory_->cpu()); }

void FailingMemory::fail_at(std::int64_t n) { memory_->left = n; }
bool FailingMemory::failed() const { return memory_->left <= 0; }
std::int64_t FailingMemory::blocks() const { return memory_->blocks; }

}  // namespace kindling::test
