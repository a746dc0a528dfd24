// SPDX-License-Identifier: MIT
#include "tests/emulator/report/counters.h"

#include "tests/emulator/report/report.h"

namespace emulator {
namespace {

constexpr std::array<std::string_view, kClasses> kClassNames = {"integer", "float32",    "float16",
                                                                "float64", "conversion", "memory",
                                                                "atomic",  "control",    "warp"};

constexpr std::array<const char*, 5> kDirections = {"host_to_device", "device_to_host",
                                                    "device_to_device", "host_to_host", "set"};

// Every number by its JSON name.
std::map<std::string, std::uint64_t> flatten(const Counters& all) {
  std::map<std::string, std::uint64_t> numbers;
  const auto add_map = [&](const std::string& prefix, const auto& map) {
    std::uint64_t& sum = numbers[prefix];
    for (const auto& [key, value] : map) {
      numbers[prefix + "." + key] = value;
      sum += value;
    }
  };
  std::map<std::string, std::uint64_t> launches;
  for (const auto& [kernel, count] : all.launches) launches[kernel_label(kernel)] += count;
  add_map("launches", launches);
  for (const char* direction : kDirections) {
    numbers[std::string("copies.") + direction] = 0;
    numbers[std::string("copied_bytes.") + direction] = 0;
  }
  add_map("copies", all.copies);
  add_map("copied_bytes", all.copied_bytes);
  std::uint64_t& instructions = numbers["thread_instructions"];
  for (std::size_t i = 0; i < kClasses; ++i) {
    const std::uint64_t count = all.kernels.thread_instructions[i];
    numbers["thread_instructions." + std::string(kClassNames[i])] = count;
    instructions += count;
  }
  numbers["bytes_read"] = all.kernels.bytes_read;
  numbers["bytes_written"] = all.kernels.bytes_written;
  numbers["sectors_read"] = all.kernels.sectors_read;
  numbers["sectors_written"] = all.kernels.sectors_written;
  numbers["atomics"] = all.kernels.atomics;
  numbers["barriers"] = all.kernels.barriers;
  numbers["graph_launches"] = all.graph_launches;
  numbers["library_calls"] = all.library_calls;
  numbers["allocations"] = all.allocations;
  numbers["frees"] = all.frees;
  numbers["host_allocations"] = all.host_allocations;
  numbers["synchronisations"] = all.synchronisations;
  numbers["memory_in_use"] = all.memory_in_use;
  numbers["peak_memory"] = all.peak_memory;
  numbers["reports"] = report_count();
  for (int check = 0; check <= static_cast<int>(Check::library); ++check) {
    numbers["reports." + std::string(name(static_cast<Check>(check)))] =
        report_count(static_cast<Check>(check));
  }
  return numbers;
}

}  // namespace

std::string_view name(Class instruction_class) {
  return kClassNames[static_cast<std::size_t>(instruction_class)];
}

Counters& counters() {
  static Counters* const all = new Counters;
  return *all;
}

std::string to_json(const Counters& all) {
  std::string text = "{";
  for (const auto& [key, value] : flatten(all)) {
    text += (text.size() > 1 ? ",\n  \"" : "\n  \"") + key + "\": " + std::to_string(value);
  }
  return text + "\n}\n";
}

}  // namespace emulator

extern "C" std::uint64_t ptxrun_counter(const char* name) {
  const auto numbers = emulator::flatten(emulator::counters());
  const auto found = numbers.find(name);
  return found == numbers.end() ? ~0ull : found->second;
}

extern "C" void ptxrun_reset_counters() {
  emulator::Counters& counters = emulator::counters();
  emulator::Counters fresh;
  fresh.memory_in_use = fresh.peak_memory = counters.memory_in_use;
  for (const auto& [kernel, count] : counters.launches) fresh.launches[kernel] = 0;
  counters = fresh;
  emulator::reset_reports();
}
