// SPDX-License-Identifier: MIT
// Kernel launches, and what is asked about kernels.
#include "tests/emulator/report/report.h"
#include "tests/emulator/runtime/device_limits.h"
#include "tests/emulator/runtime/entry.h"
#include "tests/emulator/runtime/kernel_launch.h"

#include <vector>

using namespace emulator;

namespace {

struct Configuration {
  dim3 grid, block;
  std::size_t shared;
  cudaStream_t stream;
};
thread_local std::vector<Configuration> configurations;  // of <<<>>> on their way

cudaError_t launch(const void* function, dim3 grid, dim3 block, void** arguments,
                   std::size_t shared, cudaStream_t stream, bool cooperative) {
  Work work;
  const cudaError_t error =
      make_kernel_work(find_kernel(function), grid, block, shared, cooperative, arguments, work);
  return error != cudaSuccess ? error : submit(stream, std::move(work));
}

template <class Body>
cudaError_t about_kernel(const char* call, const void* function, Body body) {
  return query(call, [&] {
    Kernel* const kernel = find_kernel(function);
    if (!kernel || !kernel->function()) return cudaErrorInvalidDeviceFunction;
    return result_of(body, *kernel);
  });
}

cudaError_t occupancy(const char* call, int* blocks, const void* function, int threads,
                      std::size_t shared) {
  return about_kernel(call, function, [&](const Kernel& kernel) {
    if (threads <= 0) return cudaErrorInvalidValue;
    *blocks = blocks_per_multiprocessor(kernel, static_cast<std::size_t>(threads), shared);
    return cudaSuccess;
  });
}

std::size_t constant_bytes(const Program& program) {
  std::size_t bytes = 0;
  for (const auto& [name, variable] : program.variables) {
    if (variable.is_constant) bytes += variable.bytes;
  }
  return bytes;
}

}  // namespace

extern "C" {

// A hint.
cudaError_t cudaFuncSetCacheConfig(const void* function, cudaFuncCache config) {
  return about_kernel("cudaFuncSetCacheConfig", function, [&](const Kernel&) {
    return config <= cudaFuncCachePreferEqual ? cudaSuccess : cudaErrorInvalidValue;
  });
}

unsigned __cudaPushCallConfiguration(dim3 grid, dim3 block, std::size_t shared,
                                     struct CUstream_st* stream) {
  configurations.push_back({grid, block, shared, stream});
  return 0;
}

cudaError_t __cudaPopCallConfiguration(dim3* grid, dim3* block, std::size_t* shared, void* stream) {
  if (configurations.empty()) return remember(cudaErrorMissingConfiguration);
  const Configuration& top = configurations.back();
  *grid = top.grid;
  *block = top.block;
  *shared = top.shared;
  *static_cast<cudaStream_t*>(stream) = top.stream;
  configurations.pop_back();
  return cudaSuccess;
}

// Called before the first launch of a kernel; must not decode the module for a query of a name.
cudaError_t __cudaGetKernel(cudaKernel_t* kernel, const void* function) {
  const std::lock_guard lock(device_lock());
  *kernel = reinterpret_cast<cudaKernel_t>(find_kernel(function));
  return *kernel ? cudaSuccess : remember(cudaErrorInvalidDeviceFunction);
}

cudaError_t cudaLaunchKernel(const void* function, dim3 grid, dim3 block, void** arguments,
                             std::size_t shared, cudaStream_t stream) {
  return entry("cudaLaunchKernel",
               [&] { return launch(function, grid, block, arguments, shared, stream, false); });
}

// What <<<>>> calls; the program does not see what it returns.
cudaError_t __cudaLaunchKernel(cudaKernel_t kernel, dim3 grid, dim3 block, void** arguments,
                               std::size_t shared, cudaStream_t stream) {
  const std::lock_guard lock(device_lock());
  const bool known = sticky_error() != cudaSuccess;
  const cudaError_t error = cudaLaunchKernel(kernel, grid, block, arguments, shared, stream);
  if (error != cudaSuccess && !known) {
    const Kernel* const found = find_kernel(kernel);
    note_discarded(error, "the launch of " + (found ? kernel_label(found->name) : "a kernel"));
  }
  return error;
}

cudaError_t cudaLaunchCooperativeKernel(const void* function, dim3 grid, dim3 block,
                                        void** arguments, std::size_t shared, cudaStream_t stream) {
  return entry("cudaLaunchCooperativeKernel",
               [&] { return launch(function, grid, block, arguments, shared, stream, true); });
}

cudaError_t cudaLaunchKernelExC(const cudaLaunchConfig_t* config, const void* function,
                                void** arguments) {
  return entry("cudaLaunchKernelExC", [&] {
    bool cooperative = false;
    for (unsigned i = 0; i < config->numAttrs; ++i) {
      const cudaLaunchAttribute& attribute = config->attrs[i];
      const auto& cluster = attribute.val.clusterDim;
      if (attribute.id == cudaLaunchAttributeCooperative) {
        cooperative = attribute.val.cooperative != 0;
      } else if (attribute.id == cudaLaunchAttributeClusterDimension) {
        // An sm_80 has no clusters.
        if (cluster.x * cluster.y * cluster.z > 1) return cudaErrorNotSupported;
      } else if (attribute.id != cudaLaunchAttributeIgnore &&
                 attribute.id != cudaLaunchAttributePriority &&
                 attribute.id != cudaLaunchAttributeProgrammaticStreamSerialization) {
        return cudaErrorNotSupported;  // those only allow something
      }
    }
    return launch(function, config->gridDim, config->blockDim, arguments, config->dynamicSmemBytes,
                  config->stream, cooperative);
  });
}

cudaError_t cudaFuncGetAttributes(cudaFuncAttributes* attributes, const void* function) {
  return about_kernel("cudaFuncGetAttributes", function, [&](const Kernel& kernel) {
    const Function& code = *kernel.function();
    *attributes = {};
    attributes->sharedSizeBytes = static_shared(kernel);
    attributes->constSizeBytes = constant_bytes(kernel.module->program());
    attributes->localSizeBytes = code.local_bytes;
    attributes->maxThreadsPerBlock =
        static_cast<int>(code.max_threads ? code.max_threads : kMaxThreads);
    attributes->numRegs = registers(kernel);
    attributes->ptxVersion = attributes->binaryVersion = 80;
    attributes->maxDynamicSharedSizeBytes = static_cast<int>(dynamic_limit(kernel));
    attributes->preferredShmemCarveout = kernel.carveout;
  });
}

cudaError_t cudaFuncSetAttribute(const void* function, cudaFuncAttribute attribute, int value) {
  return about_kernel("cudaFuncSetAttribute", function, [&](Kernel& kernel) {
    if (attribute == cudaFuncAttributeMaxDynamicSharedMemorySize) {
      if (value < 0 || static_cast<std::size_t>(value) + static_shared(kernel) > kSharedOptIn) {
        return cudaErrorInvalidValue;
      }
      kernel.dynamic_limit = value;
    } else if (attribute == cudaFuncAttributePreferredSharedMemoryCarveout) {
      if (value < -1 || value > 100) return cudaErrorInvalidValue;
      kernel.carveout = value;
    } else {
      return cudaErrorInvalidValue;
    }
    return cudaSuccess;
  });
}

cudaError_t cudaOccupancyMaxActiveBlocksPerMultiprocessor(int* blocks, const void* function,
                                                          int threads, std::size_t shared) {
  return occupancy("cudaOccupancyMaxActiveBlocksPerMultiprocessor", blocks, function, threads,
                   shared);
}

cudaError_t cudaOccupancyMaxActiveBlocksPerMultiprocessorWithFlags(int* blocks,
                                                                   const void* function,
                                                                   int threads, std::size_t shared,
                                                                   unsigned) {
  return occupancy("cudaOccupancyMaxActiveBlocksPerMultiprocessorWithFlags", blocks, function,
                   threads, shared);
}

}  // extern "C"
