// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>

namespace kindling::kernels::cpu {

/// Memory for tensors: 64-byte aligned, 256 from 256 bytes on; nullptr for 0 bytes. Comes from the
/// calling thread's free lists, or from the system, in huge pages where they fit. OutOfMemoryError.
void* allocate(std::size_t bytes);

/// Frees what allocate(bytes) returned, in any thread and at any time, in destructors of static
/// objects too.
void deallocate(void* data, std::size_t bytes) noexcept;

}  // namespace kindling::kernels::cpu
