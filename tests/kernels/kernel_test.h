// SPDX-License-Identifier: MIT
#pragma once

#include <kindling/kernels/backend.h>
#include <kindling/kernels/cpu/instruction_set.h>
#include <kindling/kernels/cpu/threads.h>

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <vector>

namespace kindling::test {

/// A kernel's memory between guard words, which the destructor checks.
template <class T>
class Buffer {
 public:
  explicit Buffer(const std::vector<T>& values)
      : numel_(values.size()), memory_(values.size() + 2 * kGuards, kGuard) {
    std::copy(values.begin(), values.end(), memory_.begin() + kGuards);
  }
  explicit Buffer(std::int64_t numel, T value = std::numeric_limits<T>::quiet_NaN())
      : Buffer(std::vector<T>(static_cast<std::size_t>(numel), value)) {}
  ~Buffer() {
    for (std::size_t i = 0; i < kGuards; ++i) {
      EXPECT_EQ(memory_[i], kGuard) << "written before the first element";
      EXPECT_EQ(memory_[kGuards + numel_ + i], kGuard) << "written past the last element";
    }
  }
  Buffer(const Buffer&) = delete;
  Buffer& operator=(const Buffer&) = delete;

  View view() { return {memory_.data() + kGuards, static_cast<std::int64_t>(numel_), dtype_of<T>}; }
  std::vector<T> values() const {
    return {memory_.begin() + kGuards, memory_.end() - static_cast<std::ptrdiff_t>(kGuards)};
  }

 private:
  static constexpr std::size_t kGuards = 9;  // so that the elements are not aligned either
  static constexpr T kGuard = T(-123456);
  std::size_t numel_;
  std::vector<T> memory_;
};

/// Numbers in [low, high) that follow from the seed, for tests alone.
template <class T>
std::vector<T> spread(std::int64_t n, double low, double high, std::uint32_t seed = 1) {
  std::vector<T> values;
  std::uint32_t state = seed * 2654435761u + 12345u;
  for (std::int64_t i = 0; i < n; ++i) {
    state = state * 1664525u + 1013904223u;
    values.push_back(
        static_cast<T>(low + (high - low) * static_cast<double>(state >> 8) / 16777216.0));
  }
  return values;
}

/// What kernel(backend, output view) leaves in an output that held `before`, on one thread and,
/// with the same bits, on two.
template <class T, class F>
std::vector<T> run_kernel(const kernels::cpu::Level& level, const std::vector<T>& before,
                          const F& kernel) {
  const int threads = kernels::cpu::get_num_threads();
  std::vector<T> results[2];
  for (int count = 1; count <= 2; ++count) {
    kernels::cpu::set_num_threads(count);
    Buffer<T> output(before);
    kernel(kernels::cpu::backend_of(level), output.view());
    results[count - 1] = output.values();
  }
  kernels::cpu::set_num_threads(threads);
  EXPECT_TRUE(before.empty() ||
              std::memcmp(results[0].data(), results[1].data(), before.size() * sizeof(T)) == 0)
      << "one and two threads differ";
  return results[0];
}

/// Calls test(level) for each instruction set of this processor.
template <class F>
void on_every_level(const F& test) {
  for (const kernels::cpu::Level* level : kernels::cpu::levels()) {
    SCOPED_TRACE(level->name);
    test(*level);
  }
}

/// |value - expected| <= relative |expected| + absolute; NaNs and infinities must agree.
template <class T>
void expect_near(const std::vector<T>& values, const std::vector<double>& expected, double relative,
                 double absolute = 0) {
  ASSERT_EQ(values.size(), expected.size());
  for (std::size_t i = 0; i < values.size(); ++i) {
    const auto value = static_cast<double>(values[i]);
    const bool same = value == expected[i] || (std::isnan(value) && std::isnan(expected[i]));
    if (same || std::abs(value - expected[i]) <= relative * std::abs(expected[i]) + absolute)
      continue;
    FAIL() << "element " << i << " of " << values.size() << ": " << value << ", expected "
           << expected[i];
  }
}

/// Rounding error to allow for a few operations in T.
template <class T>
inline constexpr double kFewRoundings = sizeof(T) == 4 ? 1e-6 : 1e-14;

/// None, one, odd, one vector more or less, and enough for several threads.
inline constexpr std::int64_t kSizes[] = {0, 1, 7, 15, 16, 17, 100, 1023, 70001};

}  // namespace kindling::test
