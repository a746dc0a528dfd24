// SPDX-License-Identifier: MIT
#include <kindling/schedulers/compose.h>
#include <kindling/schedulers/decay.h>
#include <kindling/schedulers/warmup.h>

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <sstream>

namespace kindling::schedulers {
namespace {

using WarmupConvention::between;
using WarmupConvention::both_ends;
using WarmupConvention::from_factor;
using WarmupConvention::one_based;
using WarmupConvention::zero_based;

struct Row {
  WarmupConvention convention;
  std::optional<double> start_factor;
  std::array<double, 7> values;
};

// The steps round both ends, W = 4 and T = W + 8: t = 0, W-1, W, W+1, T-1, T, T+1.
constexpr std::int64_t kSteps = 4;
constexpr std::array<std::int64_t, 7> kTimes{0, 3, 4, 5, 11, 12, 13};

double fading(double t) { return 1 - std::exp(-(t + 1) / 4); }

TEST(Warmup, HandsOverToTheDecayWithoutAGapForEveryConvention) {
  const Schedule decay = linear({.start_factor = 1, .end_factor = 0, .total_iters = 8});
  const std::array<Row, 6> rows{{
      {zero_based, {}, {0.0, 0.75, 1, 0.875, 0.125, 0, 0}},
      {one_based, {}, {0.25, 1.0, 1, 0.875, 0.125, 0, 0}},
      {between, {}, {0.2, 0.8, 1, 0.875, 0.125, 0, 0}},
      {from_factor, 0.2, {0.2, 0.8, 1, 0.875, 0.125, 0, 0}},
      {both_ends, {}, {0.0, 1.0, 1, 0.875, 0.125, 0, 0}},
      {WarmupConvention::exponential,
       {},
       {fading(0), fading(3), fading(4), fading(5) * 0.875, fading(11) * 0.125, 0, 0}},
  }};
  for (const Row& row : rows) {
    const Schedule whole = warmup(kSteps, row.convention, row.start_factor).then(decay);
    for (std::size_t i = 0; i < kTimes.size(); ++i) {
      EXPECT_DOUBLE_EQ(whole(kTimes[i], 3.0), 3.0 * row.values[i])
          << row.convention << " at t = " << kTimes[i];
    }
  }
}

TEST(Warmup, MultipliesADecayWhoseClockRunsFromTheStart) {
  const Schedule decay = linear({.start_factor = 1, .end_factor = 0, .total_iters = 12});
  const std::array<Row, 6> rows{{
      {zero_based, {}, {0.0, 0.75 * 9, 8, 7, 1, 0, 0}},
      {one_based, {}, {0.25 * 12, 9, 8, 7, 1, 0, 0}},
      {between, {}, {0.2 * 12, 0.8 * 9, 8, 7, 1, 0, 0}},
      {from_factor, 0.2, {0.2 * 12, 0.8 * 9, 8, 7, 1, 0, 0}},
      {both_ends, {}, {0, 9, 8, 7, 1, 0, 0}},
      {WarmupConvention::exponential,
       {},
       {fading(0) * 12, fading(3) * 9, fading(4) * 8, fading(5) * 7, fading(11), 0, 0}},
  }};
  for (const Row& row : rows) {
    const Schedule whole = warmup(kSteps, row.convention, row.start_factor) * decay;
    for (std::size_t i = 0; i < kTimes.size(); ++i) {
      EXPECT_NEAR(whole(kTimes[i], 12.0), row.values[i], 1e-14)
          << row.convention << " at t = " << kTimes[i];
    }
  }
}

TEST(Warmup, StaysAtTheBaseLearningRate) {
  for (const auto convention : {zero_based, one_based, between, both_ends}) {
    const Schedule climb = warmup(10, convention);
    for (const std::int64_t t : {10LL, 11LL, 1000LL, 1LL << 62}) EXPECT_EQ(climb(t, 0.3), 0.3);
  }
  EXPECT_LT(warmup(10, WarmupConvention::exponential)(100), 1.0);
  EXPECT_EQ(warmup(10, WarmupConvention::exponential)(380), 1.0);
}

TEST(Warmup, NeverFallsAndNeverExceedsTheBase) {
  for (const auto convention :
       {zero_based, one_based, between, both_ends, WarmupConvention::exponential}) {
    for (const std::int64_t steps : {1, 2, 3, 10, 97}) {
      const Schedule climb = warmup(steps, convention);
      for (std::int64_t t = 0; t < 2 * steps; ++t) {
        EXPECT_LE(climb(t), climb(t + 1)) << climb << " at t = " << t;
        EXPECT_GE(climb(t), 0.0);
        EXPECT_LE(climb(t), 1.0);
      }
    }
  }
}

TEST(Warmup, OfNoStepsIsNoWarmup) {
  const Schedule decay = step({.step_size = 3, .gamma = 0.5});
  for (const auto convention :
       {zero_based, one_based, between, both_ends, WarmupConvention::exponential}) {
    EXPECT_EQ(warmup(0, convention)(0), 1.0) << convention;
    EXPECT_EQ(warmup(0, convention).then(decay)(7), decay(7)) << convention;
  }
  EXPECT_EQ(warmup(0, from_factor, 0.1)(0), 1.0);
}

TEST(Warmup, OfOneStep) {
  EXPECT_EQ(warmup(1, zero_based)(0), 0.0);
  EXPECT_EQ(warmup(1, one_based)(0), 1.0);
  EXPECT_EQ(warmup(1, between)(0), 0.5);
  EXPECT_EQ(warmup(1, from_factor, 0.25)(0), 0.25);
  EXPECT_EQ(warmup(1, both_ends)(0), 1.0);  // 0 / 0: a warm-up of one step is at its end
  EXPECT_DOUBLE_EQ(warmup(1, WarmupConvention::exponential)(0), 1 - std::exp(-1.0));
}

TEST(Warmup, OneBasedIsLinearFromItsFirstShare) {
  const Schedule other = linear({.start_factor = 1.0 / 20, .total_iters = 19});
  for (std::int64_t t = 0; t < 40; ++t) EXPECT_DOUBLE_EQ(warmup(20)(t), other(t));
}

TEST(Warmup, FromFactorIsLinearLR) {
  const Schedule other = linear({.start_factor = 0.3, .total_iters = 20});
  for (std::int64_t t = 0; t < 40; ++t) {
    EXPECT_DOUBLE_EQ(warmup(20, from_factor, 0.3)(t), other(t));
  }
}

TEST(Warmup, LeavesTheMomentumToWhatFollows) {
  const Schedule driven(
      "driven", [](std::int64_t, double base) { return base; },
      [](std::int64_t t) { return 0.5 + 0.01 * static_cast<double>(t); });
  const Schedule whole = warmup(3).then(driven);
  EXPECT_EQ(whole.momentum(2), std::nullopt);
  EXPECT_EQ(whole.momentum(3), 0.5);
  EXPECT_EQ(whole.momentum(4), 0.51);
  EXPECT_FALSE(warmup(3).then(linear()).drives_momentum());
}

TEST(Warmup, UntunedLength) {
  EXPECT_EQ(untuned_warmup_steps(0.999), 2000);
  EXPECT_EQ(untuned_warmup_steps(0.99), 200);
  EXPECT_EQ(untuned_warmup_steps(0.9), 20);
  EXPECT_EQ(untuned_warmup_steps(0.0), 2);
}

TEST(Warmup, ConventionsHaveNames) {
  for (const auto convention :
       {zero_based, one_based, between, from_factor, both_ends, WarmupConvention::exponential}) {
    std::ostringstream name;
    name << convention;
    EXPECT_EQ(warmup_convention(name.str()), convention);
  }
}

}  // namespace
}  // namespace kindling::schedulers
