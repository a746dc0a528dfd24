// SPDX-License-Identifier: MIT
#include "tests/support/allocations.h"

#include <kindling/core/default_device.h>

#include <atomic>
#include <cerrno>
#include <cstdlib>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define KINDLING_TEST_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || \
    __has_feature(memory_sanitizer)
#define KINDLING_TEST_SANITIZED 1
#endif
#endif

namespace {
std::atomic<std::int64_t> allocations{0};
constinit thread_local std::int64_t left = 0;  // calls until the one that fails
constinit thread_local bool failed = false;
}  // namespace

#if defined(__GLIBC__) && !defined(KINDLING_TEST_SANITIZED)

// glibc lets a program bring its own malloc; this one counts and hands on to glibc's.
extern "C" {
void* __libc_malloc(std::size_t bytes);
void* __libc_calloc(std::size_t count, std::size_t bytes);
void* __libc_realloc(void* data, std::size_t bytes);
void* __libc_memalign(std::size_t alignment, std::size_t bytes);
void __libc_free(void* data);

void* malloc(std::size_t bytes) {
  allocations.fetch_add(1, std::memory_order_relaxed);
  if (left > 0 && --left == 0) {
    failed = true;
    return nullptr;
  }
  return __libc_malloc(bytes);
}
void* calloc(std::size_t count, std::size_t bytes) {
  allocations.fetch_add(1, std::memory_order_relaxed);
  return __libc_calloc(count, bytes);
}
void* realloc(void* data, std::size_t bytes) {
  allocations.fetch_add(1, std::memory_order_relaxed);
  return __libc_realloc(data, bytes);
}
void* memalign(std::size_t alignment, std::size_t bytes) {
  allocations.fetch_add(1, std::memory_order_relaxed);
  return __libc_memalign(alignment, bytes);
}
void* aligned_alloc(std::size_t alignment, std::size_t bytes) { return memalign(alignment, bytes); }
int posix_memalign(void** data, std::size_t alignment, std::size_t bytes) {
  *data = memalign(alignment, bytes);
  return *data == nullptr ? ENOMEM : 0;
}
void free(void* data) { __libc_free(data); }
}

bool kindling::test::counts_allocations() noexcept { return kindling::default_device().is_cpu(); }

#else

bool kindling::test::counts_allocations() noexcept { return false; }

#endif

std::int64_t kindling::test::heap_allocations() noexcept { return allocations.load(); }
void kindling::test::fail_heap_at(std::int64_t n) noexcept {
  left = n;
  failed = false;
}
bool kindling::test::heap_failed() noexcept { return failed; }
