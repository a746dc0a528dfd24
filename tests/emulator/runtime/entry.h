// SPDX-License-Identifier: MIT
#pragma once

#include "tests/emulator/report/counters.h"
#include "tests/emulator/report/host_call.h"
#include "tests/emulator/runtime/allocations.h"
#include "tests/emulator/streams/capture.h"
#include "tests/emulator/streams/errors.h"
#include "tests/emulator/streams/schedule.h"

#include <type_traits>

namespace emulator {

/// What the body of an entry point comes to; one that returns nothing succeeds.
template <class Body, class... Arguments>
cudaError_t result_of(Body& body, Arguments&... arguments) {
  if constexpr (std::is_void_v<decltype(body(arguments...))>) {
    body(arguments...);
    return cudaSuccess;
  } else {
    return body(arguments...);
  }
}

/// The frame of an entry point that answers whatever state the device is in.
template <class Body>
cudaError_t query(const char* call, Body body) {
  const std::lock_guard lock(device_lock());
  return remember(must_fail(call) ? forced_failure(call) : result_of(body));
}

/// The frame of an entry point that needs a healthy device: after a fault it returns that fault.
template <class Body>
cudaError_t entry(const char* call, Body body) {
  return query(call, [&] {
    if (in_host_function()) return cudaErrorNotPermitted;
    return sticky_error() != cudaSuccess ? sticky_error() : result_of(body);
  });
}

/// The same for one about a Stream, Event, Graph, Node, ...: `body` gets it.
template <class Object, class Body>
cudaError_t about(const char* call, const void* handle, Body body) {
  return entry(call, [&] {
    Object* object = nullptr;
    if constexpr (std::is_same_v<Object, Stream>) {
      object = find_stream(static_cast<cudaStream_t>(const_cast<void*>(handle)));
    } else {
      object = registry<Object>().find(handle);
    }
    if (object) return result_of(body, *object);
    constexpr bool kIsOfGraph = !std::is_same_v<Object, Stream> && !std::is_same_v<Object, Event>;
    return kIsOfGraph ? cudaErrorInvalidValue : cudaErrorInvalidResourceHandle;
  });
}

/// Of the devices there is the one.
inline cudaError_t check_device(int device) {
  return device == 0 ? cudaSuccess : cudaErrorInvalidDevice;
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

}  // namespace emulator
