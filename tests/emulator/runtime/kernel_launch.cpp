// SPDX-License-Identifier: MIT
#include "tests/emulator/runtime/kernel_launch.h"

#include "tests/emulator/report/report.h"
#include "tests/emulator/runtime/device_limits.h"
#include "tests/emulator/streams/errors.h"

#include <algorithm>
#include <cstring>

namespace emulator {
namespace {

std::string to_string(const Extent& extent) { return coordinates({extent.x, extent.y, extent.z}); }

bool fits(const Extent& extent, const unsigned (&limit)[3]) {
  return extent.x <= limit[0] && extent.y <= limit[1] && extent.z <= limit[2];
}

struct Verdict {
  cudaError_t error = cudaSuccess;
  std::string why;
};

Verdict check(const Kernel& kernel, const LaunchRequest& launch) {
  const Function& function = *launch.kernel;
  const std::size_t threads = launch.block.count(), limit = dynamic_limit(kernel);
  constexpr cudaError_t kShape = cudaErrorInvalidConfiguration;
  if (!function.unsupported.empty()) {
    return {cudaErrorInvalidKernelImage, "not emulated: " + function.unsupported};
  }
  if (launch.grid.count() == 0 || threads == 0) return {kShape, "a dimension is 0"};
  if (!fits(launch.block, kMaxBlock) || threads > kMaxThreads) {
    return {kShape, "a block has at most 1024 threads, 1024 in x and y, 64 in z"};
  }
  if (!fits(launch.grid, kMaxGrid)) {
    return {kShape, "a grid has at most 2147483647 blocks in x, 65535 in y and z"};
  }
  if (function.max_threads != 0 && threads > function.max_threads) {
    return {kShape, text("more threads than its __launch_bounds__(", function.max_threads, ")")};
  }
  if (launch.dynamic_shared > limit) {
    return {cudaErrorInvalidValue,
            text(launch.dynamic_shared, " bytes of dynamic shared memory, ", limit,
                 " are allowed (cudaFuncAttributeMaxDynamicSharedMemorySize raises it)")};
  }
  if (static_shared(kernel) > kShared) {
    return {cudaErrorInvalidKernelImage, "more than 48 KiB of static shared memory"};
  }
  if (!launch.cooperative) return {};
  const int resident = blocks_per_multiprocessor(kernel, threads, launch.dynamic_shared);
  if (launch.grid.count() <= static_cast<std::size_t>(resident * kMultiprocessors)) return {};
  return {cudaErrorCooperativeLaunchTooLarge,
          text("a cooperative launch needs all blocks resident: at most ", resident,
               " blocks on each of ", kMultiprocessors, " multiprocessors")};
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

}  // namespace

std::vector<void*> KernelLaunch::pointers() const {
  std::vector<void*> result;
  for (const Parameter& parameter : request.kernel->parameters) {
    result.push_back(const_cast<std::byte*>(request.parameters.data() + parameter.offset));
  }
  return result;
}

cudaError_t make_kernel_work(const Kernel* kernel, dim3 grid, dim3 block,
                             std::size_t dynamic_shared, bool cooperative, void* const* arguments,
                             Work& work) {
  if (!kernel || !kernel->function()) return cudaErrorInvalidDeviceFunction;
  const auto launch = std::make_shared<KernelLaunch>();
  launch->kernel = kernel;
  LaunchRequest& request = launch->request;
  request.program = &kernel->module->program();
  request.kernel = kernel->function();
  request.grid = {grid.x, grid.y, grid.z};
  request.block = {block.x, block.y, block.z};
  request.dynamic_shared = dynamic_shared;
  request.cooperative = cooperative;
  work.what = kernel_label(kernel->name) + "<<<" + to_string(request.grid) + ", " +
              to_string(request.block) + ">>>";
  if (const auto [error, why] = check(*kernel, request); error != cudaSuccess) {
    const bool unsupported = error == cudaErrorInvalidKernelImage;
    report(unsupported ? Check::unsupported : Check::launch, work.what + ": " + why);
    return error;
  }
  request.parameters.assign(request.kernel->parameter_bytes, std::byte{0});
  for (std::size_t i = 0; i < request.kernel->parameters.size(); ++i) {
    const Parameter& parameter = request.kernel->parameters[i];
    if (!arguments || !arguments[i]) return cudaErrorInvalidValue;
    std::memcpy(request.parameters.data() + parameter.offset, arguments[i], parameter.bytes);
  }
  work.kind = cudaGraphNodeTypeKernel;
  work.run = [launch] { return to_error(run(launch->request)); };
  work.details = KernelLaunchPtr(launch);
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
