// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

namespace kindling::test {

/// Whether this program counts calls of the heap: with glibc, and without a sanitizer, which brings
/// an allocator of its own.
bool counts_allocations() noexcept;
/// Calls of malloc and its kin since the program started, in all threads; operator new among them.
std::int64_t heap_allocations() noexcept;

}  // namespace kindling::test
