// SPDX-License-Identifier: MIT
#include <kindling/core/error.h>
#include <kindling/core/free_list.h>
#include <kindling/kernels/cpu/memory.h>

#include <bit>
#include <cstdint>
#include <cstdlib>

#if defined(__linux__)
#include <sys/mman.h>
#endif

namespace kindling::kernels::cpu {
namespace {

using detail::FreeList;
using detail::kReuseMemory;

constexpr std::size_t kSmallestBlock = 64;
constexpr std::size_t kMostBytes = std::size_t{1} << 47;  // what processors address
constexpr std::size_t kHugePage = std::size_t{2} << 20;
constexpr std::size_t kMaxKeptBlock = std::size_t{64}
                                      << 20;  // larger blocks go back to the system at once
constexpr std::size_t kMaxKeptBytes = std::size_t{256} << 20;  // a thread keeps at most this much

/// Block sizes, four to each power of two: 64, 128, 192, 256, 320, 384, 448, 512, 640, 768, 896,
/// 1024, 1280 ...
struct SizeClass {
  std::size_t index;
  std::size_t bytes;
};
constexpr SizeClass size_class(std::size_t bytes) noexcept {
  const std::size_t units = (bytes + kSmallestBlock - 1) / kSmallestBlock;
  if (units <= 4) return {units - 1, units * kSmallestBlock};
  const auto power =
      static_cast<std::size_t>(std::bit_width(units - 1)) - 1;  // 2^power < units <= 2^(power + 1)
  const std::size_t step = std::size_t{1} << (power - 2);
  const std::size_t steps = (units + step - 1) / step;  // 5 .. 8
  return {4 * (power - 1) + steps - 5, steps * step * kSmallestBlock};
}
constexpr std::size_t kClasses = size_class(kMaxKeptBlock).index + 1;

struct Cache {
  FreeList lists[kClasses];
  std::size_t room = 0;  // bytes that may still be kept
  bool closed = false;   // the thread is ending
};
constinit thread_local Cache cache;

void* allocate_from_system(std::size_t bytes) {
  const std::size_t alignment = bytes >= kHugePage ? kHugePage
                                : bytes >= 256     ? 256
                                                   : kSmallestBlock;
  const std::size_t rounded = (bytes + alignment - 1) / alignment * alignment;
  void* data = bytes > kMostBytes ? nullptr : std::aligned_alloc(alignment, rounded);
  if (data == nullptr)
    throw OutOfMemoryError(message(
        "cpu: ", bytes, " bytes of memory could not be had: free tensors or ", "use smaller ones"));
#if defined(__linux__)
  if (alignment == kHugePage)
    madvise(data, rounded, MADV_HUGEPAGE);  // a wish, no matter if refused
#endif
  return data;
}

void empty_cache() noexcept {
  for (FreeList& list : cache.lists)
    while (void* data = list.pop()) std::free(data);
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
void make_room() noexcept {
  static thread_local Closer closer;
  static_cast<void>(closer);
  empty_cache();
  cache.room = kMaxKeptBytes;
}

}  // namespace

void* allocate(std::size_t bytes) {
  if (bytes == 0) return nullptr;
  if (!kReuseMemory || bytes > kMaxKeptBlock) return allocate_from_system(bytes);
  const SizeClass size = size_class(bytes);
  if (void* data = cache.lists[size.index].pop()) {
    cache.room += size.bytes;
    return data;
  }
  return allocate_from_system(size.bytes);
}

void deallocate(void* data, std::size_t bytes) noexcept {
  if (data == nullptr) return;
  if (!kReuseMemory || bytes > kMaxKeptBlock || cache.closed) return std::free(data);
  const SizeClass size = size_class(bytes);
  if (cache.room < size.bytes) make_room();
  cache.room -= size.bytes;
  cache.lists[size.index].push(data);
}

}  // namespace kindling::kernels::cpu
