// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <sstream>
#include <string>
#include <string_view>

namespace emulator {

/// Every kind of mistake that is reported; name() is what tests look for.
enum class Check : std::uint8_t {
  out_of_bounds,
  misaligned,
  use_after_free,
  double_free,
  uninitialised,
  race,
  barrier,          // barrier misuse, divergent barriers
  endless,          // a launch that does not end
  mask,             // wrong masks of shuffles, votes and warp barriers
  launch,           // launch-configuration errors
  host_access,      // the device touches host memory
  device_access,    // the host touches device memory
  copy,             // copies with a wrong kind or size
  unchecked_error,  // an error that nobody looked at
  capture,          // capture violations, legacy-stream work in a capture
  unjoined_fork,    // a capture ended while a forked stream had not joined
  leak,             // memory not freed at exit
  assertion,        // assert in a kernel
  trap,             // trap in a kernel
  unsupported,      // an instruction, call or argument that is not emulated
  library,          // a misused cuBLAS or cuBLASLt call
};

/// "out-of-bounds", "use-after-free", ...: the word in brackets that opens a report.
std::string_view name(Check check);

/// A name as C++ has it: "int table" for what the assembler calls _Z5table; others as they are.
std::string demangled(const std::string& name);
/// A kernel's name as a reader knows it: "scale<float>" for _Z5scaleIfEvPT_.
std::string kernel_label(const std::string& name);

/// Its arguments, one after the other.
template <class... Parts>
std::string text(const Parts&... parts) {
  std::ostringstream result;
  (result << ... << parts);
  return result.str();
}

/// "(1,2,3)"
std::string coordinates(const std::uint32_t (&index)[3]);

/// Where in a kernel something happened.
struct Place {
  std::string kernel;
  std::uint32_t block[3] = {0, 0, 0};
  std::uint32_t thread[3] = {0, 0, 0};
  std::string source;       // "file:line", with " inlined at file:line" for every caller
  std::string instruction;  // as the PTX says it
};

/// Prints one report on stderr (unless max_reports is passed) and counts it:
///   ptxrun: [out-of-bounds] read of 4 bytes at 0x... : 4 bytes past ...
///       kernel scale, block (0,0,0), thread (5,0,0), scale.cu:12
/// Reports of the same check that have the same non-empty `source` and kernel are printed once.
/// Without a place it is a call of the host that is wrong, whose call site follows on a line of its
/// own; those of one call site that differ in numbers alone are printed once.
/// Safe from several threads.
void report(Check check, const std::string& what, const Place* place = nullptr);

/// Reports since the last reset, printed or not, and how many of one check; what tests in the
/// process read.
std::uint64_t report_count();
std::uint64_t report_count(Check check);
void reset_reports();

/// Prints the summary, writes --stats and returns 86 if anything was ever reported, else `status`.
int finish(int status);

}  // namespace emulator
