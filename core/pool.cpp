// SPDX-License-Identifier: MIT
#include <kindling/core/free_list.h>
#include <kindling/core/pool.h>

#include <cstdint>
#include <new>

namespace kindling::detail {
namespace {

constexpr std::size_t kStep = 16;  // bytes from one size class to the next
constexpr std::size_t kClasses = kMaxPooledBytes / kStep;
constexpr std::size_t kMaxKeptBytes = std::size_t{1} << 20;  // a thread keeps at most this much

struct Cache {
  FreeList lists[kClasses];
  std::size_t room = 0;  // bytes that may still be kept
  bool closed = false;   // the thread is ending
};
constinit thread_local Cache cache;

constexpr std::size_t class_of(std::size_t bytes) noexcept {
  return (bytes + kStep - 1) / kStep - 1;
}
constexpr std::size_t bytes_of(std::size_t size_class) noexcept { return (size_class + 1) * kStep; }

void empty_cache() noexcept {
  for (FreeList& list : cache.lists)
    while (void* object = list.pop()) ::operator delete(object);
}

/// Empties and closes the cache when its thread ends.
struct Closer {
  ~Closer() {
    empty_cache();
    cache.room = 0;
    cache.closed = true;
  }
};

/// There is no room: makes it, so that the cache follows a program whose sizes change.
__attribute__((noinline)) void deallocate_slowly(void* object, std::size_t size_class) noexcept {
  if (!kReuseMemory || cache.closed) return ::operator delete(object);
  static thread_local Closer closer;
  static_cast<void>(closer);
  empty_cache();
  cache.room = kMaxKeptBytes - bytes_of(size_class);
  cache.lists[size_class].push(object);
}

}  // namespace

void* pool_allocate(std::size_t bytes) {
  if (bytes == 0 || bytes > kMaxPooledBytes) return ::operator new(bytes);
  const std::size_t size_class = class_of(bytes);
  if (void* object = cache.lists[size_class].pop()) {
    cache.room += bytes_of(size_class);
    return object;
  }
  return ::operator new(bytes_of(size_class));
}

void pool_deallocate(void* object, std::size_t bytes) noexcept {
  if (bytes == 0 || bytes > kMaxPooledBytes) return ::operator delete(object);
  const std::size_t size_class = class_of(bytes);
  if (cache.room < bytes_of(size_class)) return deallocate_slowly(object, size_class);
  cache.room -= bytes_of(size_class);
  cache.lists[size_class].push(object);
}

}  // namespace kindling::detail
