// SPDX-License-Identifier: MIT
#pragma once

#include <kindling/core/api.h>

#include <cstddef>

namespace kindling::detail {

/// Objects of up to this many bytes are kept for reuse when they are freed; larger ones go to
/// operator new and delete.
inline constexpr std::size_t kMaxPooledBytes = 1024;

/// Memory for one small object, aligned for any type: from the calling thread's free list of its
/// size, without locks, or else from operator new (std::bad_alloc). The lists are short and die
/// with their thread. Usable at any time, in destructors of static and thread_local objects too.
/// Under AddressSanitizer nothing is kept.
KINDLING_API void* pool_allocate(std::size_t bytes);

/// Frees what pool_allocate(bytes) returned, in any thread.
KINDLING_API void pool_deallocate(void* object, std::size_t bytes) noexcept;

}  // namespace kindling::detail
