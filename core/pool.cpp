// SPDX-License-Identifier: MIT
#include <kindling/core/free_list.h>
#include <kindling/core/pool.h>

#include <new>

namespace kindling::detail {
namespace {

constexpr std::size_t kStep = 16;  // bytes from one size class to the next
constexpr std::size_t kClasses = kMaxPooledBytes / kStep;
constexpr std::size_t kMaxKeptBytes = std::size_t{1} << 20;  // a thread keeps at most this much

void free_object(void* object) { ::operator delete(object); }

using Cache = ThreadCache<kClasses, kMaxKeptBytes, free_object>;

constexpr std::size_t class_of(std::size_t bytes) noexcept {
  return (bytes + kStep - 1) / kStep - 1;
}
constexpr std::size_t bytes_of(std::size_t size_class) noexcept { return (size_class + 1) * kStep; }

}  // namespace

void* pool_allocate(std::size_t bytes) {
  if (bytes == 0 || bytes > kMaxPooledBytes) return ::operator new(bytes);
  const std::size_t size_class = class_of(bytes);
  void* object = Cache::take(size_class, bytes_of(size_class));
  return object != nullptr ? object : ::operator new(bytes_of(size_class));
}

void pool_deallocate(void* object, std::size_t bytes) noexcept {
  if (bytes == 0 || bytes > kMaxPooledBytes) return ::operator delete(object);
  const std::size_t size_class = class_of(bytes);
  Cache::give(object, size_class, bytes_of(size_class));
}

}  // namespace kindling::detail
