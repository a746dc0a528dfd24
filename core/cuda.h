// SPDX-License-Identifier: MIT
#pragma once

#include <kindling/core/api.h>

#include <cstdint>
#include <string>

/// What only GPUs have. (libcu++ calls a namespace `cuda` too: with its headers in sight write
/// `kindling::cuda::`.)
namespace kindling::cuda {

/// True when this build has the CUDA backend and the machine a GPU. The functions below are a
/// DeviceError otherwise.
KINDLING_API bool is_available() noexcept;
/// The GPU's name, as its driver gives it.
KINDLING_API std::string device_name();
/// Waits until the GPU has done all work queued so far.
KINDLING_API void synchronize();

struct MemoryStats {
  std::int64_t allocated_bytes = 0;  // held by tensors
  std::int64_t reserved_bytes = 0;   // held by the pool
  std::int64_t peak_bytes = 0;       // most ever allocated
};
KINDLING_API MemoryStats memory_stats();
/// The stream all work is queued on, a cudaStream_t.
KINDLING_API void* stream();

}  // namespace kindling::cuda
