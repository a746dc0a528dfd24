// SPDX-License-Identifier: MIT
#include <kindling/kernels/cpu/instruction_set.h>

#include "tests/kernels/guarded_memory.h"
#include "tests/support/threads.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

namespace kindling::test {
namespace {

using namespace kernels;

template <class T>
void check_nonfinite(Backend& backend) {
  for (const std::int64_t count : kCounts) {
    GuardedMemory<T> x(count);
    x.fill(std::numeric_limits<T>::max());
    math::StepGuard guard{7};
    run(backend, FindNonfinite{x.view(), &guard, true});
    EXPECT_EQ(guard.nonfinite, 0);
    for (const std::int64_t where : {std::int64_t{0}, count / 2, count - 1})
      for (const T bad : {std::numeric_limits<T>::infinity(), -std::numeric_limits<T>::infinity(),
                          std::numeric_limits<T>::quiet_NaN()}) {
        if (count == 0) continue;
        x[where] = bad;
        run(backend, FindNonfinite{x.view(), &guard, true});
        EXPECT_EQ(guard.nonfinite, 1) << where << " of " << count;
        x[where] = 0;
        run(backend, FindNonfinite{x.view(), &guard, false});
        EXPECT_EQ(guard.nonfinite, 1) << "kept without reset";
      }
  }
}

TEST(FindNonfinite, FindsInfinitiesAndNaNs) {
  for (const cpu::Level* level : cpu::levels()) {
    check_nonfinite<float>(cpu::backend_of(*level));
    check_nonfinite<double>(cpu::backend_of(*level));
  }
}

template <class T>
void check_norm(Backend& backend) {
  for (const std::int64_t count : kCounts) {
    GuardedMemory<T> x(count);
    x.fill_spread(1);
    double expected = 0;
    for (std::int64_t i = 0; i < count; ++i) expected += double{x[i]} * double{x[i]};
    GuardedMemory<double> total(1);
    total.fill(std::nan(""));
    run(backend, SumOfSquares{x.view(), total.view(), false});
    EXPECT_NEAR(total[0], expected, 1e-12 * expected);
    run(backend, SumOfSquares{x.view(), total.view(), true});
    EXPECT_NEAR(total[0], 2 * expected, 2e-12 * expected);

    GuardedMemory<T> norm(1);
    GuardedMemory<T> clipped = x;
    ClipByNorm clip;
    clip.x = clipped.view();
    clip.total = total.view();
    clip.norm = norm.view();
    clip.max_norm = 0.5;
    run(backend, clip);
    const double length = std::sqrt(2 * expected);
    EXPECT_NEAR(double{norm[0]}, length, 1e-6 * length);
    const double coefficient = std::min(1.0, 0.5 / (length + 1e-6));
    for (std::int64_t i = 0; i < count; ++i)
      ASSERT_NEAR(double{clipped[i]}, coefficient * double{x[i]}, 1e-7);
    EXPECT_TRUE(x.guards_intact() && clipped.guards_intact() && norm.guards_intact());

    clip.max_norm = 1e9;
    GuardedMemory<T> unchanged = x;
    clip.x = unchanged.view();
    run(backend, clip);
    EXPECT_TRUE(unchanged.same_bits(x));
  }
}

TEST(ClipByNorm, ScalesDownToTheNorm) {
  for (const cpu::Level* level : cpu::levels()) {
    check_norm<float>(cpu::backend_of(*level));
    check_norm<double>(cpu::backend_of(*level));
  }
}

TEST(ClipByNorm, OfANaNNormIsNaNButForZeros) {
  GuardedMemory<float> x(5);
  x.fill(2);
  x[3] = 0;
  GuardedMemory<double> total(1);
  total[0] = std::nan("");
  run(cpu::backend(), ClipByNorm{x.view(), total.view(), View{}, 1.0});
  for (std::int64_t i = 0; i < 5; ++i) EXPECT_EQ(std::isnan(x[i]), i != 3);
}

TEST(SumOfSquares, GivesTheSameBitsWhateverTheThreadCount) {
  GuardedMemory<float> x(10000019);
  x.fill_spread(1);
  GuardedMemory<double> one(1), three(1);
  {
    const ThreadCount threads(1);
    run(cpu::backend(), SumOfSquares{x.view(), one.view(), false});
  }
  const ThreadCount threads(3);
  run(cpu::backend(), SumOfSquares{x.view(), three.view(), false});
  EXPECT_TRUE(one.same_bits(three));
}

}  // namespace
}  // namespace kindling::test
