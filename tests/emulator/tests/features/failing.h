// SPDX-License-Identifier: MIT
#pragma once

#include "tests/emulator/tests/features/blas.h"

#include <array>
#include <string>
#include <type_traits>

/// What the programs share that make every call of the three libraries which returns a status, each
/// checked: the one that --fail NAME:1 names fails, has no effect and can be made again; all others
/// succeed. failing.cmake runs them once for every name that the emulator exports.

inline std::string wanted;  // the name in --fail
inline int failed = 0;

// What calls leave behind in the emulator.
using Effects = std::array<std::uint64_t, 12>;
inline Effects effects() {
  constexpr const char* kNames[] = {"launches",
                                    "graph_launches",
                                    "library_calls",
                                    "allocations",
                                    "frees",
                                    "synchronisations",
                                    "copied_bytes.host_to_device",
                                    "copied_bytes.device_to_host",
                                    "copied_bytes.device_to_device",
                                    "copied_bytes.host_to_host",
                                    "copied_bytes.set",
                                    "bytes_written"};
  Effects result;
  for (std::size_t i = 0; i < result.size(); ++i) result[i] = counter(kNames[i]);
  return result;
}

template <class Status, class Body>
void call(const char* name, Status error, Body body) {
  const Effects before = effects();
  Status status = body();
  if (failed == 0 && wanted == name) {
    require(status == error, name);
    require(effects() == before, "a call that fails has no effect");
    ++failed;
    cudaGetLastError();
    status = body();
  }
  require(status == Status{}, name);
}
template <class Body>
void call(const char* name, Body body) {
  using Status = decltype(body());
  if constexpr (std::is_same_v<Status, cudaError_t>) {
    call(name, cudaErrorUnknown, body);
  } else {
    call(name, CUBLAS_STATUS_INTERNAL_ERROR, body);
  }
}

// A call that makes something.
template <class T, class Body>
void make(const char* name, T** made, Body body) {
  *made = nullptr;
  call(name, cudaErrorMemoryAllocation, [&] {
    require(*made == nullptr, "a call that fails makes nothing");
    return body();
  });
}

/// Takes the name from the argument; "none" if no call is to fail.
inline int fail_one(int count, char** arguments, void (*calls)()) {
  wanted = count == 2 ? arguments[1] : "";
  calls();
  require(failed == (wanted == "none" ? 0 : 1), "the call is made");
  return 0;
}
