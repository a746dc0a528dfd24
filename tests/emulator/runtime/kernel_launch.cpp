// SPDX-License-Identifier: MIT
#include "tests/emulator/runtime/kernel_launch.h"

#include "tests/emulator/execution/launch.h"
#include "tests/emulator/report/report.h"
#include "tests/emulator/runtime/device_limits.h"
#include "tests/emulator/streams/errors.h"

#include <algorithm>
#include <cstring>

namespace emulator {
namespace {

std::string to_string(dim3 extent) {
  return std::string("(") + std::to_string(extent.x) + "," + std::to_string(extent.y) + "," +
         std::to_string(extent.z) + ")";
}

std::size_t count(dim3 extent) { return std::size_t{extent.x} * extent.y * extent.z; }

bool fits(dim3 extent, const unsigned (&limit)[3]) {
  return extent.x <= limit[0] && extent.y <= limit[1] && extent.z <= limit[2];
}

cudaError_t check(const KernelLaunch& launch) {
  const auto refuse = [&](const std::string& why, cudaError_t error) {
    const bool unsupported = error == cudaErrorInvalidKernelImage;
    report(unsupported ? Check::unsupported : Check::launch, to_string(launch) + ": " + why);
    return error;
  };
  const Kernel& kernel = *launch.kernel;
  const Function& function = *kernel.function();
  const std::size_t threads = count(launch.block), limit = dynamic_limit(kernel);
  constexpr cudaError_t kShape = cudaErrorInvalidConfiguration;
  if (!function.unsupported.empty()) {
    return refuse("not emulated: " + function.unsupported, cudaErrorInvalidKernelImage);
  }
  if (count(launch.grid) == 0 || threads == 0) return refuse("a dimension is 0", kShape);
  if (!fits(launch.block, kMaxBlock) || threads > kMaxThreads) {
    return refuse("a block has at most 1024 threads, 1024 in x and y, 64 in z", kShape);
  }
  if (!fits(launch.grid, kMaxGrid)) {
    return refuse("a grid has at most 2147483647 blocks in x, 65535 in y and z", kShape);
  }
  if (function.max_threads != 0 && threads > function.max_threads) {
    const std::string bounds = "__launch_bounds__(" + std::to_string(function.max_threads) + ")";
    return refuse("more threads than its " + bounds, kShape);
  }
  if (launch.dynamic_shared > limit) {
    return refuse(std::to_string(launch.dynamic_shared) + " bytes of dynamic shared memory, " +
                      std::to_string(limit) +
                      " are allowed (cudaFuncAttributeMaxDynamicSharedMemorySize raises it)",
                  cudaErrorInvalidValue);
  }
  if (static_shared(kernel) > kShared) {
    return refuse("more than 48 KiB of static shared memory", cudaErrorInvalidKernelImage);
  }
  if (!launch.cooperative) return cudaSuccess;
  const int resident = blocks_per_multiprocessor(kernel, threads, launch.dynamic_shared);
  if (count(launch.grid) > static_cast<std::size_t>(resident * kMultiprocessors)) {
    return refuse("a cooperative launch needs all blocks resident: at most " +
                      std::to_string(resident) + " blocks on each of " +
                      std::to_string(kMultiprocessors) + " multiprocessors",
                  cudaErrorCooperativeLaunchTooLarge);
  }
  return cudaSuccess;
}

cudaError_t to_error(Fault fault) {
  switch (fault) {
    case Fault::none:
      return cudaSuccess;
    case Fault::illegal_address:
      return cudaErrorIllegalAddress;
    case Fault::misaligned_address:
      return cudaErrorMisalignedAddress;
    case Fault::assertion:
      return cudaErrorAssert;
    case Fault::illegal_instruction:
      return cudaErrorIllegalInstruction;
    case Fault::trap:
      return cudaErrorLaunchFailure;
    case Fault::deadlock:
      return cudaErrorLaunchTimeout;
  }
  return cudaErrorUnknown;
}

Extent to_extent(dim3 extent) { return {extent.x, extent.y, extent.z}; }

}  // namespace

std::string to_string(const KernelLaunch& launch) {
  return kernel_label(launch.kernel->name) + "<<<" + to_string(launch.grid) + ", " +
         to_string(launch.block) + ">>>";
}

std::vector<void*> KernelLaunch::pointers() const {
  std::vector<void*> result;
  for (const Parameter& parameter : kernel->function()->parameters) {
    result.push_back(const_cast<std::byte*>(parameters.data() + parameter.offset));
  }
  return result;
}

cudaError_t make_kernel_work(KernelLaunch launch, void* const* arguments, Work& work) {
  if (!launch.kernel || !launch.kernel->function()) return cudaErrorInvalidDeviceFunction;
  if (const cudaError_t error = check(launch)) return error;
  const Function& function = *launch.kernel->function();
  launch.parameters.assign(function.parameter_bytes, std::byte{0});
  for (std::size_t i = 0; i < function.parameters.size(); ++i) {
    const Parameter& parameter = function.parameters[i];
    if (!arguments || !arguments[i]) return cudaErrorInvalidValue;
    std::memcpy(launch.parameters.data() + parameter.offset, arguments[i], parameter.bytes);
  }
  LaunchRequest request;
  request.program = &launch.kernel->module->program();
  request.kernel = &function;
  request.grid = to_extent(launch.grid);
  request.block = to_extent(launch.block);
  request.dynamic_shared = launch.dynamic_shared;
  request.cooperative = launch.cooperative;
  request.parameters = launch.parameters;
  work.what = to_string(launch);
  work.kind = cudaGraphNodeTypeKernel;
  work.run = [shared = std::make_shared<const LaunchRequest>(std::move(request))] {
    return to_error(run(*shared));
  };
  work.details = std::make_shared<const KernelLaunch>(std::move(launch));
  return cudaSuccess;
}

std::size_t static_shared(const Kernel& kernel) {
  const Program& program = kernel.module->program();
  std::size_t bytes = 0;
  for (const auto* list : {&kernel.function()->shared_variables, &program.shared_variables}) {
    for (const Parameter& variable : *list) bytes = (bytes + 15) / 16 * 16 + variable.bytes;
  }
  return bytes;
}

std::size_t dynamic_limit(const Kernel& kernel) {
  if (kernel.dynamic_limit >= 0) return static_cast<std::size_t>(kernel.dynamic_limit);
  return kShared - std::min(kShared, static_shared(kernel));
}

int registers(const Kernel& kernel) {
  const Function& function = *kernel.function();
  const unsigned threads = function.max_threads != 0 ? function.max_threads : kMaxThreads;
  const unsigned blocks = std::max(1u, function.min_blocks);
  const unsigned limit = std::min(255u, kRegisters / (threads * blocks) / 8 * 8);
  return static_cast<int>(std::clamp(function.registers, 16u, std::max(16u, limit)));
}

int blocks_per_multiprocessor(const Kernel& kernel, std::size_t threads,
                              std::size_t dynamic_shared) {
  const Function& function = *kernel.function();
  const std::size_t bound = function.max_threads != 0 ? function.max_threads : kMaxThreads;
  if (threads == 0 || threads > bound || dynamic_shared > dynamic_limit(kernel)) return 0;
  const std::size_t warps = (threads + kWarpSize - 1) / kWarpSize;
  // Registers go to a warp in units of 256, shared memory to a block in units of 128 bytes.
  const std::size_t of_warp =
      (static_cast<std::size_t>(registers(kernel)) * kWarpSize + 255) / 256 * 256;
  const std::size_t shared =
      (static_shared(kernel) + dynamic_shared + kSharedReserved + 127) / 128 * 128;
  return static_cast<int>(std::min(
      {std::size_t{kBlocksPerMultiprocessor}, kThreadsPerMultiprocessor / (warps * kWarpSize),
       kRegisters / (of_warp * warps), kSharedOfMultiprocessor / shared}));
}

}  // namespace emulator
