// SPDX-License-Identifier: MIT
#include <kindling/core/cuda.h>
#include <kindling/core/error.h>
#include <kindling/kernels/backend.h>

// All there is of CUDA in a build without it.
namespace kindling {

namespace kernels::cuda {

Backend* backend(int) { return nullptr; }

}  // namespace kernels::cuda

namespace cuda {

namespace {

[[noreturn]] void refuse(const char* function) {
  throw DeviceError(message("cuda::", function,
                            ": this build has no CUDA backend: ask cuda::is_available() first"));
}

}  // namespace

bool is_available() noexcept { return false; }
std::string device_name() { refuse("device_name"); }
void synchronize() { refuse("synchronize"); }
MemoryStats memory_stats() { refuse("memory_stats"); }
void* stream() { refuse("stream"); }

}  // namespace cuda

}  // namespace kindling
