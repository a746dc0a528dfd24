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
#include <utility>
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

// Calls that CUDA's headers also make where a program has written another name.
constexpr std::pair<std::string_view, std::string_view> kTemplates[] = {
    {"cudaHostAlloc", "cudaMallocHost"},
    {"cudaLaunchKernelExC", "cudaLaunchKernelEx"},
    {"cudaMallocFromPoolAsync", "cudaMallocAsync"},
    {"cudaOccupancyMaxActiveBlocksPerMultiprocessorWithFlags",
     "cudaOccupancyMaxActiveBlocksPerMultiprocessor"}};

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
    report(Check::unchecked_error,
           text(discarded.what, " failed with ", cudaGetErrorName(discarded.error),
                ", and nobody called cudaGetLastError() afterwards"));
  }
  if (!all.faulted.empty()) {
    report(Check::unchecked_error, text(all.faulted, " ended with ", cudaGetErrorName(all.fault),
                                        ", and nobody waited for it or checked"));
  }
  all.discarded.clear();
  all.faulted.clear();
}

bool must_fail(const char* call) {
  const std::lock_guard lock(device_lock());
  const auto is_due = [](std::string_view name) {
    const auto wanted = options().failures.find(std::string(name));
    return wanted != options().failures.end() && ++state().calls[wanted->first] == wanted->second;
  };
  bool fails = is_due(call);
  for (const auto& [called, written] : kTemplates) {
    if (called == call) fails |= is_due(written);
  }
  return fails;
}

void report_unused_failures() {
  for (const auto& [call, number] : options().failures) {
    const std::uint64_t calls = state().calls[call];
    if (calls >= number) continue;
    const std::string times = calls == 0 ? "never called" : text("called ", calls, " times only");
    std::fputs(text("ptxrun: --fail ", call, ":", number, ": ", call, " was ", times, "\n").c_str(),
               stderr);
  }
}

cudaError_t forced_failure(const char* call) {
  const auto has = [name = std::string_view(call)](const char* part) {
    return name.find(part) != name.npos;
  };
  if (has("GetDeviceCount")) return cudaErrorNoDevice;
  if (has("lloc") || has("Create") || has("Instantiate") || has("HostRegister")) {
    return cudaErrorMemoryAllocation;
  }
  if (has("LaunchKernel") || has("LaunchCooperative")) return cudaErrorLaunchOutOfResources;
  return cudaErrorUnknown;
}

}  // namespace emulator
