// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace emulator {

/// How much is checked while kernels run; each level includes the one before.
enum class Checks : std::uint8_t {
  none,    // values only
  memory,  // bounds, alignment, lifetime, initialisation, barriers, masks
  all,     // and races
};

/// What the command line of ptxrun says. The command passes it to the program's process in the
/// environment variable PTXRUN_OPTIONS, as the arguments themselves, one a line.
struct Options {
  Checks checks = Checks::all;
  std::optional<std::uint64_t> shuffle;  // seed of a random order of blocks and warps
  std::optional<std::uint64_t> lazy;     // seed of a late, interleaved order of asynchronous work
  std::string stats;                     // file for the counters as JSON; empty: none
  bool list = false;                     // print every kernel and what it needs, when it is loaded
  bool strict_barriers = false;          // report threads that left before a barrier of their block
  std::uint64_t patience = 1ull << 32;   // instructions of warps without any block ending
  std::uint64_t max_reports = 20;        // printed; all are counted
  std::uint64_t memory = 16ull << 30;    // bytes of the emulated device
  std::map<std::string, std::uint64_t> failures;  // CALL:N, the Nth call of that name fails
  std::set<std::string> refused;                  // cuBLASLt epilogues to refuse, by name
};

/// Reads the arguments before the program's name and returns how many they were. Throws
/// std::invalid_argument with one sentence for an argument it does not know.
std::size_t parse_options(const std::vector<std::string>& arguments, Options& options);

/// The options of this process, read from PTXRUN_OPTIONS on first use.
const Options& options();

}  // namespace emulator
