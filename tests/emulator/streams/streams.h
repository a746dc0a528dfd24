// SPDX-License-Identifier: MIT
#pragma once

#include "tests/emulator/report/host_call.h"

#include <cuda_runtime_api.h>

#include <any>
#include <functional>
#include <mutex>
#include <string>

namespace emulator {

/// The one lock of the emulated device. Every entry point of the three libraries takes it.
std::recursive_mutex& device_lock();

/// A piece of asynchronous work: a launch, a copy, a library product. It runs under device_lock().
struct Work {
  std::function<cudaError_t()> run;
  std::string what;  // "scale<<<4, 256>>>", "cublasLtMatmul", for reports
  cudaGraphNodeType kind = cudaGraphNodeTypeKernel;
  std::any details = {};  // of a graph node: its KernelLaunchPtr or GraphMemoryPtr
  HostCall site = {};     // of the call that it is done for, if it may run later
};

/// Puts work on a stream: it runs now, or, under --lazy, when something waits for it; on a stream
/// that is being captured it becomes a node of the graph instead (and runs at every replay).
/// Returns the error of a forbidden call, the device's sticky error, or cudaSuccess.
cudaError_t submit(cudaStream_t stream, Work work);

/// Notes the result of an entry point for cudaGetLastError. Returns `error`.
cudaError_t remember(cudaError_t error);

/// True if --fail says that this call of that name is the one to fail. Counts the call.
bool must_fail(const char* call);

}  // namespace emulator
