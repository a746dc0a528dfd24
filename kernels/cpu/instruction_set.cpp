// SPDX-License-Identifier: MIT
#include <kindling/core/error.h>
#include <kindling/kernels/cpu/instruction_set.h>

#include <cstdlib>
#include <string>

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

const Backend& backend() { return level().backend; }

}  // namespace kindling::kernels::cpu
