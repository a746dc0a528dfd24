// SPDX-License-Identifier: MIT
// Lengths, and schedules that are put together by them.
#include <kindling/schedulers/schedules.h>

#include "tests/support/expect_error.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <optional>

namespace kindling::schedulers {
namespace {

using test::expect_error;

Schedule short_cosine() { return cosine({.T_max = 9, .eta_min = 0.01}); }

TEST(LengthOfASchedule, IsThatOfTheMaker) {
  EXPECT_EQ(warmup(7).length(), 7);
  EXPECT_EQ(constant({.total_iters = 3}).length(), 3);
  EXPECT_EQ(linear({.total_iters = 4}).length(), 4);
  EXPECT_EQ(polynomial({.total_iters = 6}).length(), 6);
  EXPECT_EQ(cosine({.T_max = 90}).length(), 90);
  EXPECT_EQ(one_cycle({.max_lr = 0.1, .epochs = 3, .steps_per_epoch = 5}).length(), 15);
  EXPECT_EQ(swa({.swa_lr = 0.1, .anneal_epochs = 7}).length(), 7);
  EXPECT_EQ(wsd({.warmup_steps = 1, .stable_steps = 2, .decay_steps = 3}).length(), 6);
  const std::optional<std::int64_t> none;
  EXPECT_EQ(exponential({.gamma = 0.9}).length(), none);
  EXPECT_EQ(step({.step_size = 3}).length(), none);
  EXPECT_EQ(multi_step({.milestones = {3, 9}}).length(), none);
  EXPECT_EQ(warm_restarts({.T_0 = 3}).length(), none);
  EXPECT_EQ(cyclic({.base_lr = 0.1, .max_lr = 1.0}).length(), none);
  EXPECT_EQ(inverse_sqrt().length(), none);
  EXPECT_EQ(noam({.d_model = 64}).length(), none);
  EXPECT_EQ(lambda([](std::int64_t) { return 1.0; }).length(), none);
  const auto base = [](std::int64_t, double lr) { return lr; };
  EXPECT_EQ(Schedule("mine", base).length(), none);
  EXPECT_EQ(Schedule("mine", base, nullptr, 5).length(), 5);
  expect_error<ValueError>("Schedule: mine: length -1: must be 0 or more",
                           [&] { Schedule("mine", base, nullptr, -1); });
}

TEST(LengthOfASchedule, OfCompositions) {
  const std::optional<std::int64_t> none;
  const Schedule endless = step({.step_size = 3});
  EXPECT_EQ((warmup(7) * cosine({.T_max = 90})).length(), 90);
  EXPECT_EQ((warmup(7) * endless).length(), none);
  EXPECT_EQ(warmup(7).then(cosine({.T_max = 90})).length(), 97);
  EXPECT_EQ(warmup(7).then(endless).length(), none);
  EXPECT_EQ(sequence({endless, cosine({.T_max = 90})}, {10}).length(), 100);
  EXPECT_EQ(sequence({cosine({.T_max = 90}), endless}, {10}).length(), none);
  EXPECT_EQ(sequence({cosine({.T_max = 90})}, {}).length(), 90);
  EXPECT_EQ(endless.for_steps(12).length(), 12);
  EXPECT_EQ(cosine({.T_max = 90}).hold().length(), none);
  // As long as there are steps, and no longer.
  EXPECT_EQ(warmup(9).then(cosine({.T_max = INT64_MAX})).length(), INT64_MAX);
  EXPECT_EQ(sequence({endless, cosine({.T_max = INT64_MAX})}, {9}).length(), INT64_MAX);
}

TEST(ScheduleThen, StartsTheNextAtTheEndFromTheBase) {
  const Schedule first = linear({.start_factor = 0.5, .end_factor = 0.1, .total_iters = 4});
  const Schedule joined = first.then(short_cosine());
  const Schedule same = sequence({first, short_cosine()}, {4});
  for (std::int64_t t = 0; t < 40; ++t) EXPECT_EQ(joined(t, 0.3), same(t, 0.3)) << t;
  EXPECT_EQ(joined(4, 0.3), 0.3);
}

// It is the same whichever pair is joined first, after an exponential warm-up, too, which goes on
// multiplying all that follows.
TEST(ScheduleThen, IsAssociative) {
  const Schedule parts[] = {warmup(4), warmup(4, WarmupConvention::exponential), short_cosine(),
                            exponential({.gamma = 0.9}).for_steps(5),
                            one_cycle({.max_lr = 0.1, .total_steps = 6})};
  for (const Schedule& a : parts) {
    for (const Schedule& b : parts) {
      for (const Schedule& c : parts) {
        const Schedule left = a.then(b).then(c), right = a.then(b.then(c));
        EXPECT_EQ(left.length(), right.length());
        for (std::int64_t t = 0; t < 40; ++t) {
          ASSERT_EQ(left(t, 0.3), right(t, 0.3)) << left << " at t = " << t;
          ASSERT_EQ(left.momentum(t), right.momentum(t)) << left << " at t = " << t;
        }
      }
    }
  }
  const Schedule fading = warmup(4, WarmupConvention::exponential);
  const Schedule three = fading.then(short_cosine()).then(step({.step_size = 100}));
  EXPECT_EQ(three(20, 0.3), fading(20, 0.3));
}

TEST(ScheduleThen, TheMomentumIsThatOfThePartInForce) {
  const Schedule driven = one_cycle({.max_lr = 0.1, .total_steps = 6});
  const Schedule joined = linear({.total_iters = 3}).then(driven).then(short_cosine());
  EXPECT_EQ(joined.momentum(2), std::nullopt);
  EXPECT_EQ(joined.momentum(3), driven.momentum(0));
  EXPECT_EQ(joined.momentum(8), driven.momentum(5));
  EXPECT_EQ(joined.momentum(9), std::nullopt);
  EXPECT_FALSE(short_cosine().then(short_cosine()).drives_momentum());
}

TEST(ScheduleForSteps, ChangesTheEndAlone) {
  const Schedule cut = short_cosine().for_steps(4);
  for (std::int64_t t = 0; t < 40; ++t) EXPECT_EQ(cut(t, 0.3), short_cosine()(t, 0.3));
  EXPECT_EQ(cut.then(linear())(4, 0.3), linear()(0, 0.3));
  // Cut short, an exponential warm-up is over.
  const Schedule fading = warmup(9, WarmupConvention::exponential).for_steps(4);
  EXPECT_EQ(fading.then(short_cosine())(4, 0.3), 0.3);
}

TEST(ScheduleHold, StaysWhereItEnds) {
  const Schedule held = warmup(3).then(short_cosine()).hold();
  const Schedule free = warmup(3).then(short_cosine());
  for (std::int64_t t = 0; t <= 12; ++t) EXPECT_EQ(held(t, 0.3), free(t, 0.3)) << t;
  for (const std::int64_t t : {13L, 21L, 1L << 62}) EXPECT_EQ(held(t, 0.3), 0.01) << t;
  EXPECT_GT(free(21, 0.3), 0.29);  // the cosine rises again
  const Schedule driven = one_cycle({.max_lr = 0.1, .total_steps = 6}).for_steps(3);
  EXPECT_EQ(driven.hold().momentum(100), driven.momentum(3));
}

TEST(ScheduleJoins, AreDescribed) {
  EXPECT_EQ(warmup(3).then(short_cosine()).hold().description(),
            "warmup(3) then cosine(9, eta_min=0.01) then hold");
  EXPECT_EQ(linear().then(short_cosine().then(linear())).description(),
            "linear(0.333333, 1, 5) then (cosine(9, eta_min=0.01) then linear(0.333333, 1, 5))");
  EXPECT_EQ(warmup(3).then(linear()).for_steps(4).description(),
            "(warmup(3) then linear(0.333333, 1, 5)) for 4");
}

TEST(ScheduleJoins, NeedAnEnd) {
  const Schedule endless = exponential({.gamma = 0.5});
  expect_error<ValueError>(
      "then: exponential(0.5) has no end of its own: say how long it lasts by for_steps()",
      [&] { endless.then(linear()); });
  expect_error<ValueError>(
      "hold: exponential(0.5) has no end of its own: say how long it lasts by for_steps()",
      [&] { endless.hold(); });
  expect_error<ValueError>("for_steps: steps -1: must be at least 0",
                           [&] { endless.for_steps(-1); });
}

}  // namespace
}  // namespace kindling::schedulers
