// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

namespace kindling::test {

/// Whether this program counts calls of the heap: with glibc, without a sanitizer, which brings an
/// allocator of its own, and on the CPU, since a GPU's driver makes calls of its own.
bool counts_allocations() noexcept;
/// Calls of malloc and its kin since the program started, in all threads; operator new among them.
std::int64_t heap_allocations() noexcept;
/// Refuses this thread's n-th call of malloc from now on, operator new's among them, counted from
/// 1; none for 0. Nothing where calls are not counted.
void fail_heap_at(std::int64_t n) noexcept;
/// The call that was to fail was made.
bool heap_failed() noexcept;

}  // namespace kindling::test
