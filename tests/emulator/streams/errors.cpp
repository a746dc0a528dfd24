// SPDX-License-Identifier: MIT
#include "tests/emulator/streams/errors.h"

#include "tests/emulator/report/options.h"
#include "tests/emulator/report/report.h"
#include "tests/emulator/streams/streams.h"

#include <algorithm>
#include <cstdio>
#include <iterator>
#include <map>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace emulator {
namespace {

struct Discarded {
  std::thread::id thread;
  cudaError_t error;
  std::string what;
};

// Guarded by device_lock(). Never destroyed: the program's own destructors may still call CUDA.
struct State {
  cudaError_t fault = cudaSuccess;
  std::string faulted;  // the work; empty once the program has been told
  std::vector<Discarded> discarded;
  std::map<std::string, std::uint64_t, std::less<>> calls;  // of the names in --fail
};

State& state() {
  static State* const result = new State;
  return *result;
}

thread_local cudaError_t last = cudaSuccess;

}  // namespace

std::recursive_mutex& device_lock() {
  static auto* const mutex = new std::recursive_mutex;
  return *mutex;
}

bool is_fault(cudaError_t error) {
  constexpr cudaError_t kFaults[] = {cudaErrorIllegalAddress, cudaErrorMisalignedAddress,
                                     cudaErrorAssert,         cudaErrorIllegalInstruction,
                                     cudaErrorLaunchFailure,  cudaErrorLaunchTimeout};
  return std::find(std::begin(kFaults), std::end(kFaults), error) != std::end(kFaults);
}

cudaError_t sticky_error() { return state().fault; }

void stick(cudaError_t error, const std::string& what) {
  if (state().fault != cudaSuccess) return;
  state().fault = error;
  state().faulted = what;
}

void heal() {
  state().fault = cudaSuccess;
  state().faulted.clear();
  last = cudaSuccess;
}

cudaError_t last_error(bool clear) {
  State& all = state();
  std::erase_if(all.discarded,
                [](const Discarded& d) { return d.thread == std::this_thread::get_id(); });
  const cudaError_t result = all.fault != cudaSuccess ? all.fault : last;
  if (all.fault != cudaSuccess) all.faulted.clear();
  if (clear) last = cudaSuccess;
  return result;
}

cudaError_t remember(cudaError_t error) {
  const std::lock_guard lock(device_lock());
  if (error == cudaSuccess) return error;
  last = error;
  if (error == state().fault) state().faulted.clear();
  return error;
}

void note_discarded(cudaError_t error, const std::string& what) {
  state().discarded.push_back({std::this_thread::get_id(), error, what});
}

void report_unchecked_errors() {
  State& all = state();
  for (const Discarded& discarded : all.discarded) {
    report(Check::unchecked_error, discarded.what + " failed with " +
                                       cudaGetErrorName(discarded.error) +
                                       ", and nobody called cudaGetLastError() afterwards");
  }
  if (!all.faulted.empty()) {
    report(Check::unchecked_error, all.faulted + " ended with " + cudaGetErrorName(all.fault) +
                                       ", and nobody waited for it or checked");
  }
  all.discarded.clear();
  all.faulted.clear();
}

bool must_fail(const char* call) {
  const auto wanted = options().failures.find(call);
  if (wanted == options().failures.end()) return false;
  const std::lock_guard lock(device_lock());
  return ++state().calls[call] == wanted->second;
}

void report_unused_failures() {
  for (const auto& [call, number] : options().failures) {
    const std::uint64_t calls = state().calls[call];
    if (calls >= number && number != 0) continue;
    const std::string times =
        calls == 0 ? "never called" : "only called " + std::to_string(calls) + " times";
    std::fprintf(stderr, "ptxrun: --fail %s:%llu: %s was %s\n", call.c_str(),
                 static_cast<unsigned long long>(number), call.c_str(), times.c_str());
  }
}

cudaError_t forced_failure(const char* call) {
  const std::string_view name = call;
  if (name.find("lloc") != name.npos) return cudaErrorMemoryAllocation;
  if (name.find("LaunchKernel") != name.npos || name.find("CooperativeKernel") != name.npos) {
    return cudaErrorLaunchOutOfResources;
  }
  return cudaErrorUnknown;
}

}  // namespace emulator
