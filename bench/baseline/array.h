// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <new>
#include <vector>

#ifdef __linux__
#include <sys/mman.h>
#endif

namespace kindling::bench {

struct FreeMemory {
  void operator()(float* memory) const { std::free(memory); }
};

/// A cleared array of float32, aligned to 64 bytes, on huge pages where it is large and the system
/// has them.
class Array {
 public:
  Array() = default;

  /// `stagger` shifts the start: arrays walked side by side are fastest when they do not all start
  /// at the same offset within a 4 KiB page.
  explicit Array(std::int64_t count, std::int64_t stagger = 0) {
    constexpr std::size_t kHugePage = std::size_t{2} << 20;
    constexpr std::size_t kCacheLine = 64;
    const auto offset = static_cast<std::size_t>(stagger) * kStaggerFloats;
    const std::size_t wanted = (static_cast<std::size_t>(count) + offset) * sizeof(float);
    const std::size_t alignment = wanted < kHugePage ? kCacheLine : kHugePage;
    const std::size_t bytes = (wanted + alignment - 1) / alignment * alignment;
    memory_.reset(static_cast<float*>(std::aligned_alloc(alignment, bytes)));
    if (memory_ == nullptr) throw std::bad_alloc();
#ifdef MADV_HUGEPAGE
    if (alignment == kHugePage) madvise(memory_.get(), bytes, MADV_HUGEPAGE);
#endif
    std::fill_n(memory_.get(), bytes / sizeof(float), 0.0F);
    start_ = memory_.get() + offset;
  }

  explicit Array(const std::vector<float>& values)
      : Array(static_cast<std::int64_t>(values.size())) {
    std::copy(values.begin(), values.end(), start_);
  }

  float* data() { return start_; }
  const float* data() const { return start_; }

 private:
  static constexpr std::size_t kStaggerFloats = 272;  // 17 cache lines

  std::unique_ptr<float, FreeMemory> memory_;
  float* start_ = nullptr;
};

}  // namespace kindling::bench
