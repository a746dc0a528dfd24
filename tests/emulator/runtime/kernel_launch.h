// SPDX-License-Identifier: MIT
#pragma once

#include "tests/emulator/runtime/registration.h"
#include "tests/emulator/streams/streams.h"

#include <cstddef>
#include <vector>

namespace emulator {

/// A launch with its arguments; the details of a kernel node.
struct KernelLaunch {
  const Kernel* kernel = nullptr;
  dim3 grid, block;
  std::size_t dynamic_shared = 0;  // bytes
  bool cooperative = false;
  std::vector<std::byte> parameters;  // laid out by Function::parameters

  /// Where each parameter lies in `parameters`, as cudaKernelNodeParams::kernelParams wants it.
  std::vector<void*> pointers() const;
};

/// Fills in what a launch passes to its kernel, checks it against the limits of an sm_80, reports
/// what is wrong, and makes work of it.
cudaError_t make_kernel_work(KernelLaunch launch, void* const* arguments, Work& work);

/// "scale<<<(4,1,1), (256,1,1)>>>"
std::string to_string(const KernelLaunch& launch);

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
