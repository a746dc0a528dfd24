// SPDX-License-Identifier: MIT
#include <kindling/core/error.h>
#include <kindling/core/free_list.h>
#include <kindling/core/size_class.h>
#include <kindling/kernels/cpu/memory.h>

#include <cstdint>
#include <cstdlib>

#if defined(__linux__)
#include <sys/mman.h>
#endif

namespace kindling::kernels::cpu {
namespace {

using detail::kSmallestBlock;
using detail::size_class;
using detail::SizeClass;

constexpr std::size_t kMostBytes = std::size_t{1} << 47;  // what processors address
constexpr std::size_t kHugePage = std::size_t{2} << 20;
constexpr std::size_t kMaxKeptBlock = std::size_t{64}
                                      << 20;  // larger blocks go back to the system at once
constexpr std::size_t kMaxKeptBytes = std::size_t{256} << 20;  // a thread keeps at most this much

constexpr std::size_t kClasses = size_class(kMaxKeptBlock).index + 1;

using Cache = detail::ThreadCache<kClasses, kMaxKeptBytes, std::free>;

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

}  // namespace

void* allocate(std::size_t bytes) {
  if (bytes == 0) return nullptr;
  if (bytes > kMaxKeptBlock) return allocate_from_system(bytes);
  const SizeClass size = size_class(bytes);
  void* data = Cache::take(size.index, size.bytes);
  // What is never given again is as large as asked for, so that a write past its end is found.
  return data != nullptr ? data : allocate_from_system(detail::kReuseMemory ? size.bytes : bytes);
}

void deallocate(void* data, std::size_t bytes) noexcept {
  if (data == nullptr) return;
  if (bytes > kMaxKeptBlock) return std::free(data);
  const SizeClass size = size_class(bytes);
  Cache::give(data, size.index, size.bytes);
}

}  // namespace kindling::kernels::cpu
