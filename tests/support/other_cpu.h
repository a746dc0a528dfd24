// SPDX-License-Identifier: MIT
#pragma once

#include <kindling/kernels/backend.h>
#include <kindling/kernels/cpu/instruction_set.h>

namespace kindling::test {

/// The CPU, but for what a class that is derived from it does otherwise.
class OtherCpu : public kernels::Backend {
 public:
  explicit OtherCpu(const kernels::KernelTable& table = kernels::cpu::backend().table())
      : Backend(Device::cpu(), table), cpu_(kernels::cpu::backend()) {}

  void* allocate(std::size_t bytes) override { return cpu_.allocate(bytes); }
  void deallocate(void* data, std::size_t bytes) noexcept override { cpu_.deallocate(data, bytes); }
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

 private:
  Backend& cpu_;
};

}  // namespace kindling::test
