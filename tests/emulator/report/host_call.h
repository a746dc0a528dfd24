// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <string>

namespace emulator {

/// Where the program called one of the libraries: return addresses, named only when they are
/// printed.
struct HostCall {
  std::array<void*, 32> frames{};
  int count = 0;
};

/// That of the call that this thread is in.
HostCall current_host_call();
/// "program+0x1234, library.so+0x56": the places in it that matter; empty if the program is in
/// none.
std::string positions(const HostCall& site);
/// "cudaMalloc called from program+0x1234": where the program made the current call.
std::string call_site(const char* call);
/// The same with "file:line" for every position that addr2line knows.
std::string with_source_lines(const std::string& origin);

/// While it lives, this thread does the work of an earlier call, if one is known: reports name
/// that.
class WorksFor {
 public:
  explicit WorksFor(const HostCall& site);
  ~WorksFor();
  WorksFor(const WorksFor&) = delete;
  WorksFor& operator=(const WorksFor&) = delete;

 private:
  const HostCall* before_;
};

/// The call on whose behalf this thread works.
HostCall responsible_host_call();

}  // namespace emulator
