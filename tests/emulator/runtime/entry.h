// SPDX-License-Identifier: MIT
#pragma once

#include "tests/emulator/report/counters.h"
#include "tests/emulator/runtime/allocations.h"
#include "tests/emulator/streams/capture.h"
#include "tests/emulator/streams/errors.h"
#include "tests/emulator/streams/schedule.h"

namespace emulator {

/// The frame of an entry point that answers whatever state the device is in.
template <class Body>
cudaError_t query(const char* call, Body body) {
  const std::lock_guard lock(device_lock());
  if (must_fail(call)) return remember(forced_failure(call), call);
  return remember(body(), call);
}

/// The frame of an entry point that needs a healthy device: after a fault it returns that fault.
template <class Body>
cudaError_t entry(const char* call, Body body) {
  return query(call, [&]() -> cudaError_t {
    if (in_host_function()) return cudaErrorNotPermitted;
    if (sticky_error() != cudaSuccess) return sticky_error();
    return body();
  });
}

/// What a call that waited returns: the fault or the error of what ran.
inline cudaError_t outcome() {
  return sticky_error() != cudaSuccess ? sticky_error() : take_work_error();
}

/// Waits for an operation on behalf of the host.
inline cudaError_t synchronise(const OperationPtr& operation) {
  ++counters().synchronisations;
  wait(operation);
  trim_pools();
  return outcome();
}

/// "cudaMalloc called from program+0x1234": where the program made the current call.
std::string call_site(const char* call);
/// The same with "file:line" for every position that addr2line knows.
std::string with_source_lines(const std::string& origin);

}  // namespace emulator
