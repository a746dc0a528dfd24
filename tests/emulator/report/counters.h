// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>

namespace emulator {

/// The classes by which thread-instructions are counted.
enum class Class : std::uint8_t {
  integer,
  float32,
  float16,
  float64,
  conversion,
  memory,
  atomic,
  control,
  warp
};
inline constexpr int kClasses = 9;
/// "integer", "float32", "float16", "float64", ...
std::string_view name(Class instruction_class);

/// What the kernels of the process did; the interpreter adds to it after each block.
struct KernelCounters {
  std::array<std::uint64_t, kClasses> thread_instructions{};
  std::uint64_t bytes_read = 0;  // global memory, as the instructions asked
  std::uint64_t bytes_written = 0;
  std::uint64_t sectors_read = 0;  // 32-byte sectors each warp access touches
  std::uint64_t sectors_written = 0;
  std::uint64_t atomics = 0;   // thread-level
  std::uint64_t barriers = 0;  // block-level, counted once per block
};

/// All counters. The lock of the runtime guards them: kernels never run in two threads at once.
struct Counters {
  KernelCounters kernels;
  std::map<std::string, std::uint64_t> launches;  // by kernel; 0 for one that did not run
  std::uint64_t graph_launches = 0;
  std::uint64_t library_calls = 0;
  std::uint64_t allocations = 0;  // of device memory
  std::uint64_t frees = 0;
  std::uint64_t host_allocations = 0;  // of page-locked and managed memory
  std::uint64_t synchronisations = 0;  // of the host
  // direction: "host_to_device", "device_to_host", "device_to_device", "host_to_host", "set"
  std::map<std::string, std::uint64_t> copies;
  std::map<std::string, std::uint64_t> copied_bytes;
  std::uint64_t memory_in_use = 0;  // bytes of the device; a reset leaves it
  std::uint64_t peak_memory = 0;    // the most that was in use at once since the reset
};
Counters& counters();

/// The counters as JSON.
std::string to_json(const Counters& counters);

}  // namespace emulator

/// For tests in the same process, found with dlsym(RTLD_DEFAULT, ...): one number by its JSON name
/// ("launches", "launches.adam", "bytes_read", "reports.race", ...); ~0 for an unknown name, a
/// kernel that the program does not have among them.
extern "C" std::uint64_t ptxrun_counter(const char* name);
extern "C" void ptxrun_reset_counters();
