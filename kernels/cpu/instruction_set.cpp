// SPDX-License-Identifier: MIT
#include <kindling/core/error.h>
#include <kindling/kernels/cpu/flush.h>
#include <kindling/kernels/cpu/instruction_set.h>
#include <kindling/kernels/cpu/memory.h>

#include <cstdlib>
#include <cstring>
#include <map>
#include <memory>
#include <string>
#include <utility>

namespace kindling::kernels::cpu {

// Defined by table.cpp, once per level.
namespace baseline {
const Level& level();
}
#if KINDLING_X86_LEVELS
namespace avx2 {
const Level& level();
}
namespace avx512 {
const Level& level();
}
#endif

std::vector<const Level*> levels() {
  std::vector<const Level*> found{&baseline::level()};
#if KINDLING_X86_LEVELS
  // These ask the operating system, too, whether it saves the wide registers.
  const bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
  const bool avx512 = avx2 && __builtin_cpu_supports("avx512f") &&
                      __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512bw") &&
                      __builtin_cpu_supports("avx512vl");
  if (avx2) found.push_back(&avx2::level());
  if (avx512) found.push_back(&avx512::level());
#endif
  return found;
}

namespace {

const Level& choose_level() {
  const std::vector<const Level*> found = levels();
  const char* wanted = std::getenv("KINDLING_ISA");
  if (wanted == nullptr || *wanted == '\0') return *found.back();
  std::string names;
  for (const Level* candidate : found) {
    if (candidate->name == std::string_view(wanted)) return *candidate;
    names += std::string(names.empty() ? "" : ", ") + candidate->name;
  }
  throw ValueError(message("KINDLING_ISA: value \"", wanted, "\": this processor has ", names));
}

}  // namespace

const Level& level() {
  static const Level& chosen = choose_level();
  return chosen;
}

const char* instruction_set() { return level().name; }

namespace {

/// A flat list of kernel calls, under one floating-point mode.
class CpuProgram final : public Program {
 public:
  CpuProgram(Backend& backend, const KernelTable& kernels,
             std::span<const RecordedCommand> commands)
      : backend_(backend) {
    for (const RecordedCommand& command : commands)
      calls_.push_back({kernels.kernels[command.kind], command.arguments});
  }

  void run(std::int64_t times) override {
    const KernelFloatMode mode(flush_bits());
    for (; times > 0; --times)
      for (const Call& call : calls_) call.kernel(backend_, call.arguments);
  }

 private:
  struct Call {
    Kernel kernel;
    const void* arguments;
  };

  Backend& backend_;
  std::vector<Call> calls_;
};

class CpuBackend final : public Backend {
 public:
  explicit CpuBackend(const Level& level) noexcept
      : Backend(Device::cpu(), level.flushing), bare_(level.bare) {}

  void* allocate(std::size_t bytes) override { return cpu::allocate(bytes); }
  void deallocate(void* data, std::size_t bytes) noexcept override { cpu::deallocate(data, bytes); }
  void upload(void* target, const void* host, std::size_t bytes) override {
    if (bytes > 0) std::memcpy(target, host, bytes);
  }
  void download(void* host, const void* source, std::size_t bytes) override {
    if (bytes > 0) std::memcpy(host, source, bytes);
  }
  void synchronize() override {}
  std::unique_ptr<Program> compile(std::span<const RecordedCommand> commands) override {
    return std::make_unique<CpuProgram>(*this, bare_, commands);
  }

 private:
  const KernelTable& bare_;
};

}  // namespace

Backend& backend_of(const Level& level) {
  // Never destroyed: tensors may be freed in destructors of static objects.
  static const auto& backends = *[] {
    auto* made = new std::map<const Level*, std::unique_ptr<CpuBackend>>;
    for (const Level* each : levels()) (*made)[each] = std::make_unique<CpuBackend>(*each);
    return made;
  }();
  return *backends.at(&level);
}

namespace {

Backend*& current() {
  static Backend* chosen = &backend_of(level());
  return chosen;
}

}  // namespace

Backend& backend() { return *current(); }
Backend& exchange_backend(Backend& other) { return *std::exchange(current(), &other); }

}  // namespace kindling::kernels::cpu
