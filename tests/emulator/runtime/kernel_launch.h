// SPDX-License-Identifier: MIT
#pragma once

#include "tests/emulator/execution/launch.h"
#include "tests/emulator/runtime/registration.h"
#include "tests/emulator/streams/streams.h"

#include <cstddef>
#include <memory>
#include <vector>

namespace emulator {

/// A launch with its arguments; the details of a kernel node.
struct KernelLaunch {
  const Kernel* kernel = nullptr;
  LaunchRequest request;

  /// Where each parameter lies in the request, as cudaKernelNodeParams::kernelParams wants it.
  std::vector<void*> pointers() const;
};
using KernelLaunchPtr = std::shared_ptr<const KernelLaunch>;

/// Checks a launch against the limits of an sm_80, reports what is wrong, and makes work of it.
cudaError_t make_kernel_work(const Kernel* kernel, dim3 grid, dim3 block,
                             std::size_t dynamic_shared, bool cooperative, void* const* arguments,
                             Work& work);

/// Bytes of static shared memory a block of the kernel has.
std::size_t static_shared(const Kernel& kernel);
/// Bytes of dynamic shared memory a launch may ask for.
std::size_t dynamic_limit(const Kernel& kernel);
/// Registers a thread has: what its launch bounds leave, at most. The emulator has no assembler.
int registers(const Kernel& kernel);
/// Blocks of that many threads that fit a multiprocessor of an sm_80; 0 if none does.
int blocks_per_multiprocessor(const Kernel& kernel, std::size_t threads,
                              std::size_t dynamic_shared);

}  // namespace emulator
