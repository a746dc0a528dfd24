// SPDX-License-Identifier: MIT
#include <kindling/schedulers/schedules.h>

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

namespace kindling::schedulers {
namespace {

using Random = std::mt19937_64;

std::int64_t whole(Random& random, std::int64_t low, std::int64_t high) {
  return std::uniform_int_distribution<std::int64_t>(low, high)(random);
}

Schedule any_schedule(Random& random) {
  const std::int64_t length = whole(random, 1, 30);
  switch (whole(random, 0, 7)) {
    case 0:
      return constant({.factor = 0.25, .total_iters = length});
    case 1:
      return linear({.start_factor = 0.1, .end_factor = 0.7, .total_iters = length});
    case 2:
      return exponential({.gamma = 0.9});
    case 3:
      return polynomial({.total_iters = length, .power = 1.5});
    case 4:
      return step({.step_size = length, .gamma = 0.5});
    case 5:
      return cosine({.T_max = length, .eta_min = 0.01});
    case 6:
      return warm_restarts({.T_0 = length, .T_mult = 2});
    default:
      return warmup(length);
  }
}

TEST(ScheduleSequence, AgreesWithCountingStepByStep) {
  Random random(1);
  for (int round = 0; round < 200; ++round) {
    std::vector<Schedule> parts;
    std::vector<std::int64_t> milestones;
    const std::int64_t count = whole(random, 1, 5);
    for (std::int64_t i = 0; i < count; ++i) parts.push_back(any_schedule(random));
    for (std::int64_t i = 1; i < count; ++i) milestones.push_back(whole(random, 0, 40));
    std::sort(milestones.begin(), milestones.end());
    const Schedule made = sequence(parts, milestones);
    SCOPED_TRACE(made.description());

    std::size_t part = 0;
    std::int64_t clock = 0;
    for (std::int64_t t = 0; t < 60; ++t) {
      while (part < milestones.size() && milestones[part] <= t) {
        ++part;
        clock = 0;
      }
      ASSERT_EQ(made(t, 0.3), parts[part](clock, 0.3)) << "t = " << t;
      ++clock;
    }
  }
}

TEST(ScheduleSequence, AMilestoneAtZeroStartsWithTheSecondPart) {
  const Schedule made = sequence({constant({.factor = 0.5, .total_iters = 9}), linear()}, {0});
  for (std::int64_t t = 0; t < 10; ++t) EXPECT_EQ(made(t), linear()(t));
}

TEST(ScheduleSequence, ARepeatedMilestoneLeavesAPartOut) {
  const Schedule made =
      sequence({exponential({.gamma = 0.5}), constant(), exponential({.gamma = 0.1})}, {2, 2});
  EXPECT_DOUBLE_EQ(made(1), 0.5);
  EXPECT_DOUBLE_EQ(made(2), 1.0);
  EXPECT_DOUBLE_EQ(made(3), 0.1);
}

TEST(ScheduleSequence, OfSequences) {
  const Schedule inner = sequence({linear(), exponential({.gamma = 0.9})}, {5});
  const Schedule outer = sequence({constant({.factor = 0.1, .total_iters = 9}), inner}, {3});
  EXPECT_EQ(outer(2), 0.1);
  for (std::int64_t t = 3; t < 20; ++t) EXPECT_EQ(outer(t), inner(t - 3));
}

TEST(ScheduleSequence, TheMomentumIsThatOfThePartInForce) {
  const Schedule driven = one_cycle({.max_lr = 0.1, .total_steps = 10});
  const Schedule made = sequence({linear(), driven, linear()}, {5, 9});
  EXPECT_TRUE(made.drives_momentum());
  EXPECT_EQ(made.momentum(4), std::nullopt);
  EXPECT_EQ(made.momentum(5), driven.momentum(0));
  EXPECT_EQ(made.momentum(8), driven.momentum(3));
  EXPECT_EQ(made.momentum(9), std::nullopt);
}

TEST(ScheduleProduct, IsTheSecondOfTheFirst) {
  Random random(2);
  for (int round = 0; round < 200; ++round) {
    const Schedule a = any_schedule(random);
    const Schedule b = any_schedule(random);
    const Schedule c = any_schedule(random);
    SCOPED_TRACE((a * b * c).description());
    for (std::int64_t t = 0; t < 60; ++t) {
      ASSERT_EQ((a * b)(t, 0.3), b(t, a(t, 0.3))) << "t = " << t;
      ASSERT_EQ(chain({a, b, c})(t, 0.3), c(t, b(t, a(t, 0.3)))) << "t = " << t;
      ASSERT_EQ(((a * b) * c)(t, 0.3), (a * (b * c))(t, 0.3)) << "t = " << t;
    }
  }
}

TEST(ScheduleProduct, AnAbsoluteScheduleDropsWhatStandsBeforeIt) {
  const Schedule absolute = one_cycle({.max_lr = 0.1, .total_steps = 10});
  EXPECT_EQ((warmup(4) * absolute)(0, 7.0), absolute(0));
  EXPECT_EQ((absolute * warmup(4))(0, 7.0), absolute(0) * 0.25);
}

TEST(ScheduleProduct, TheMomentumIsTheLastOne) {
  const Schedule first = one_cycle({.max_lr = 0.1, .total_steps = 10});
  const Schedule last = cyclic({.base_lr = 0.1, .max_lr = 0.2, .step_size_up = 3});
  EXPECT_EQ((first * linear()).momentum(2), first.momentum(2));
  EXPECT_EQ((first * last).momentum(2), last.momentum(2));
  EXPECT_FALSE((linear() * linear()).drives_momentum());
}

}  // namespace
}  // namespace kindling::schedulers
