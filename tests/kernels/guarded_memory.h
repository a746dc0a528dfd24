// SPDX-License-Identifier: MIT
#pragma once

#include <kindling/core/view.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <vector>

namespace kindling::test {

/// Element counts for kernels that walk over flat memory: none, part of a vector, several, many.
inline const std::vector<std::int64_t> kCounts = {0, 1, 15, 64, 131, 70003};

/// `size` elements between guards. The guards are NaN: a kernel that computes with what lies beside
/// its operands shows, as does one that writes there.
template <class T>
class GuardedMemory {
 public:
  explicit GuardedMemory(std::int64_t size)
      : size_(size),
        all_(static_cast<std::size_t>(size + 2 * kGuard), std::numeric_limits<T>::quiet_NaN()) {
    fill(T(0));
  }

  std::int64_t size() const { return size_; }
  T* data() { return all_.data() + kGuard; }
  const T* data() const { return all_.data() + kGuard; }
  T& operator[](std::int64_t i) { return data()[i]; }
  const T& operator[](std::int64_t i) const { return data()[i]; }
  View view() { return {data(), size_, dtype_of<T>}; }

  void fill(T value) { std::fill_n(data(), size_, value); }

  /// Numbers that look random in [-1, 1), the same for the same seed.
  void fill_spread(std::uint32_t seed) {
    std::uint32_t state = seed * 2654435761u + 12345u;
    for (std::int64_t i = 0; i < size_; ++i) {
      state = state * 1664525u + 1013904223u;
      data()[i] = static_cast<T>(static_cast<double>(state >> 8) / double(1 << 23) - 1.0);
    }
  }

  bool guards_intact() const {
    for (std::int64_t i = 0; i < kGuard; ++i)
      if (!std::isnan(all_[static_cast<std::size_t>(i)]) ||
          !std::isnan(all_[static_cast<std::size_t>(size_ + kGuard + i)]))
        return false;
    return true;
  }

  bool same_bits(const GuardedMemory& other) const {
    return size_ == other.size_ &&
           (size_ == 0 ||
            std::memcmp(data(), other.data(), static_cast<std::size_t>(size_) * sizeof(T)) == 0);
  }

 private:
  static constexpr std::int64_t kGuard = 16;

  std::int64_t size_;
  std::vector<T> all_;
};

}  // namespace kindling::test
