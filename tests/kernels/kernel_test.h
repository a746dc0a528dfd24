// SPDX-License-Identifier: MIT
#pragma once

#include <kindling/core/default_device.h>
#include <kindling/kernels/backend.h>
#include <kindling/kernels/cpu/instruction_set.h>

#include "tests/support/guarded.h"
#include "tests/support/threads.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <vector>

namespace kindling::test {

/// Calls test(backend) for each instruction set of this processor, or for the GPU where the tests
/// are of that.
template <class F>
void on_every_backend(const F& test) {
  if (default_device().is_cuda()) return test(*kernels::cuda::backend(default_device().index()));
  for (const kernels::cpu::Level* level : kernels::cpu::levels()) {
    SCOPED_TRACE(level->name);
    test(kernels::cpu::backend_of(*level));
  }
}

template <class T>
bool same_bits(const std::vector<T>& a, const std::vector<T>& b) {
  return a.size() == b.size() &&
         (a.empty() || std::memcmp(a.data(), b.data(), a.size() * sizeof(T)) == 0);
}

/// What kernel(output view) leaves in an output that held `before`, on one thread and, with the
/// same bits, on two.
template <class T, class F>
std::vector<T> run_kernel(kernels::Backend& backend, const std::vector<T>& before,
                          const F& kernel) {
  std::vector<T> results[2];
  for (const int count : {1, 2}) {
    const ThreadCount threads(count);
    const Buffer<T> output(backend, before);
    kernel(output.view());
    results[count - 1] = output.values();
  }
  EXPECT_TRUE(same_bits(results[0], results[1])) << "one and two threads differ";
  return results[0];
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
