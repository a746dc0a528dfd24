// SPDX-License-Identifier: MIT
#include <kindling/core/cuda.h>
#include <kindling/core/error.h>
#include <kindling/kernels/backend.h>

// All there is of CUDA in a build without it.
namespace kindling {

namespace kernels::cuda {

Backend* backend(int) { return nullptr; }

std::string why_unavailable(int) {
  return "this build has no CUDA backend: build with KINDLING_CUDA=ON where a CUDA toolkit is "
         "installed, or use Device::cpu()";
}

}  // namespace kernels::cuda

namespace cuda {

namespace {

[[noreturn]] void refuse(const char* function) {
  throw DeviceError(message("cuda::", function, ": ", kernels::cuda::why_unavailable(0)));
}

}  // namespace

bool is_available() noexcept { return false; }
std::string device_name() { refuse("device_name"); }
void synchronize() { refuse("synchronize"); }
MemoryStats memory_stats() { refuse("memory_stats"); }
void* stream() { refuse("stream"); }

}  // namespace cuda

}  // namespace kindling
