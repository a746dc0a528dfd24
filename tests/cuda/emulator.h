// SPDX-License-Identifier: MIT
#pragma once

#include <dlfcn.h>

#include <cstdint>

namespace kindling::test::emulator {

/// Whether the program runs in the emulator, which counts what the GPU does.
inline bool is_here() { return dlsym(RTLD_DEFAULT, "ptxrun_counter") != nullptr; }

/// What was counted under a name of tests/emulator/README.md since the last reset.
inline std::uint64_t count(const char* name) {
  using Counter = std::uint64_t (*)(const char*);
  return reinterpret_cast<Counter>(dlsym(RTLD_DEFAULT, "ptxrun_counter"))(name);
}

inline void reset() {
  using Reset = void (*)();
  reinterpret_cast<Reset>(dlsym(RTLD_DEFAULT, "ptxrun_reset_counters"))();
}

}  // namespace kindling::test::emulator
