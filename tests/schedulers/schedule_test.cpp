// SPDX-License-Identifier: MIT
#include <kindling/schedulers/caller.h>
#include <kindling/schedulers/schedules.h>

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

namespace kindling::schedulers {
namespace {

constexpr std::int64_t kForever = std::numeric_limits<std::int64_t>::max();

std::vector<Schedule> one_of_each() {
  return {constant(),
          linear(),
          exponential({.gamma = 0.9}),
          polynomial(),
          step({.step_size = 3}),
          multi_step({.milestones = {2, 5}}),
          cosine({.T_max = 10}),
          warm_restarts({.T_0 = 5, .T_mult = 3}),
          cyclic({.base_lr = 0.1, .max_lr = 0.2}),
          one_cycle({.max_lr = 0.1, .total_steps = 10}),
          inverse_sqrt(),
          noam({.d_model = 512}),
          wsd({.warmup_steps = 3, .stable_steps = 4, .decay_steps = 5}),
          swa({.swa_lr = 0.05}),
          lambda([](std::int64_t) { return 0.5; }),
          warmup(5).then(cosine({.T_max = 10})),
          sequence({linear(), cosine({.T_max = 10})}, {5}),
          linear() * exponential({.gamma = 0.9})};
}

TEST(Schedule, IsFiniteAtAnyStep) {
  for (const Schedule& schedule : one_of_each()) {
    for (const std::int64_t t :
         {std::int64_t{0}, std::int64_t{1}, kForever / 2, kForever - 1, kForever}) {
      EXPECT_TRUE(std::isfinite(schedule(t, 0.1))) << schedule << " at " << t;
      EXPECT_GE(schedule(t, 0.1), 0) << schedule << " at " << t;
    }
  }
}

TEST(Schedule, ReadsANegativeStepAsZero) {
  for (const Schedule& schedule : one_of_each()) {
    EXPECT_EQ(schedule(-1, 0.1), schedule(0, 0.1)) << schedule;
    EXPECT_EQ(schedule(-kForever, 0.1), schedule(0, 0.1)) << schedule;
    EXPECT_EQ(schedule.momentum(-5), schedule.momentum(0)) << schedule;
  }
}

TEST(Schedule, HoldsItsLastValuePastItsEnd) {
  const Schedule cycle = one_cycle({.max_lr = 0.1, .total_steps = 10});
  const Schedule phases = one_cycle({.max_lr = 0.1, .total_steps = 10, .three_phase = true});
  for (const std::int64_t t : {std::int64_t{9}, std::int64_t{10}, std::int64_t{11}, kForever}) {
    EXPECT_DOUBLE_EQ(cycle(t), 0.1 / 25 / 1e4);
    EXPECT_DOUBLE_EQ(*cycle.momentum(t), 0.95);
    EXPECT_DOUBLE_EQ(phases(t), 0.1 / 25 / 1e4);
    EXPECT_EQ(polynomial({.total_iters = 9})(t), 0.0);
    EXPECT_EQ(linear({.end_factor = 0.3, .total_iters = 9})(t, 0.1), 0.1 * 0.3);
    EXPECT_EQ(constant({.total_iters = 9})(t, 0.1), 0.1);
    EXPECT_EQ(wsd({.stable_steps = 4, .decay_steps = 5, .min_lr_ratio = 0.1})(t, 2.0), 0.2);
  }
}

TEST(Schedule, CosineKeepsItsPeriod) {
  const Schedule wave = cosine({.T_max = 10, .eta_min = 0.1});
  EXPECT_EQ(wave(10), 0.1);
  EXPECT_EQ(wave(20), 1.0);
  EXPECT_EQ(wave(13), wave(7));
  EXPECT_EQ(wave(1'000'000'000'000'000'003), wave(3));
}

// docs/schedulers.md, "Differences from PyTorch": what stands there, in its order.

TEST(DifferencesFromPyTorch, ALengthOfZeroIsOverAtOnce) {
  for (const std::int64_t t : {0, 1, 5}) {
    EXPECT_EQ(constant({.factor = 0.5, .total_iters = 0})(t, 0.1), 0.1);
    EXPECT_EQ(linear({.start_factor = 0.5, .end_factor = 0.8, .total_iters = 0})(t), 0.8);
    EXPECT_EQ(polynomial({.total_iters = 0})(t), 0.0);
  }
}

TEST(DifferencesFromPyTorch, ConstantMayStartAtZero) {
  const Schedule made = constant({.factor = 0, .total_iters = 3});
  EXPECT_EQ(made(2, 0.1), 0.0);
  EXPECT_EQ(made(3, 0.1), 0.1);
}

TEST(DifferencesFromPyTorch, FactorsMayBeZeroOrAboveOne) {
  EXPECT_EQ(linear({.start_factor = 0, .total_iters = 4})(1), 0.25);
  EXPECT_EQ(linear({.start_factor = 1, .end_factor = 3, .total_iters = 4})(1), 1.5);
  EXPECT_EQ(constant({.factor = 2})(0), 2.0);
}

TEST(DifferencesFromPyTorch, OneCycleStaysDownAtTotalStepsAndAfter) {
  const Schedule made = one_cycle({.max_lr = 0.1, .total_steps = 5});
  EXPECT_DOUBLE_EQ(made(4), 4e-7);
  EXPECT_EQ(made(5), made(4));  // PyTorch: 0.0188
  EXPECT_EQ(made(6), made(4));  // PyTorch: ValueError
}

TEST(DifferencesFromPyTorch, OneCycleWithAnEmptyRiseStartsAtItsTop) {
  const Schedule made = one_cycle({.max_lr = 0.1, .total_steps = 10, .pct_start = 0.1});
  EXPECT_EQ(made(0), 0.1);
  EXPECT_EQ(made.momentum(0), 0.85);
  EXPECT_LT(made(1), 0.1);
  EXPECT_DOUBLE_EQ(made(9), 0.1 / 25 / 1e4);
  const Schedule single = one_cycle({.max_lr = 0.1, .total_steps = 1, .pct_start = 1.0});
  EXPECT_EQ(single(0), 0.1);
  EXPECT_EQ(single(1), 0.1);
}

TEST(DifferencesFromPyTorch, AProductIsAProduct) {
  const Schedule halved = lambda([](std::int64_t t) { return std::pow(0.95, t); }) *
                          constant({.factor = 0.5, .total_iters = 100});
  EXPECT_DOUBLE_EQ(halved(1, 0.1), 0.1 * 0.95 * 0.5);  // PyTorch: 0.095
  const Schedule wave = exponential({.gamma = 0.5}) * cosine({.T_max = 3});
  EXPECT_DOUBLE_EQ(wave(4, 0.1), 0.1 * 0.0625 * 0.25);  // PyTorch: 0.025
  const Schedule raised =
      constant({.factor = 0.5, .total_iters = 4}) * cosine({.T_max = 8, .eta_min = 0.01});
  EXPECT_DOUBLE_EQ(raised(4, 0.1), 0.01 + 0.09 / 2);
}

TEST(DifferencesFromPyTorch, APartOfASequenceStartsFromTheBase) {
  const Schedule made = sequence({linear({.start_factor = 0.5, .total_iters = 4}),
                                  multiplicative([](std::int64_t) { return 0.5; })},
                                 {2});
  EXPECT_EQ(made(2, 0.1), 0.1);  // PyTorch: 0.03125
  EXPECT_EQ(made(3, 0.1), 0.05);
}

TEST(DifferencesFromPyTorch, PartsOfASequenceDoNotKnowOfEachOther) {
  const Schedule made =
      sequence({one_cycle({.max_lr = 1.0, .total_steps = 4}), exponential({.gamma = 0.5})}, {2});
  EXPECT_EQ(made(2, 0.1), 0.1);  // PyTorch: 0.04, a 25th of max_lr
  EXPECT_EQ(made(3, 0.1), 0.05);
}

TEST(Schedule, InverseSqrtFollowsTransformers) {
  const Schedule made =
      warmup(100, WarmupConvention::zero_based).then(inverse_sqrt({.timescale = 100}));
  for (const std::int64_t t : {100, 101, 400, 10000}) {
    EXPECT_DOUBLE_EQ(made(t, 0.1), 0.1 / std::sqrt(static_cast<double>(t) / 100));
  }
}

TEST(Schedule, NoamFollowsThePaperFromItsFirstUpdate) {
  const Schedule made = noam({.d_model = 512, .warmup_steps = 4000});
  EXPECT_DOUBLE_EQ(made(0), std::pow(512, -0.5) * std::pow(4000, -1.5));
  EXPECT_DOUBLE_EQ(made(3999), std::pow(512, -0.5) * std::pow(4000, -0.5));
  EXPECT_DOUBLE_EQ(made(15999, 2.0), 2 * std::pow(512, -0.5) * std::pow(16000, -0.5));
  EXPECT_DOUBLE_EQ(noam({.d_model = 4, .warmup_steps = 0})(0), 0.5);
}

TEST(Schedule, WsdWarmsUpStaysAndDecays) {
  const auto made = [](const char* type) {
    return wsd({.warmup_steps = 4,
                .stable_steps = 6,
                .decay_steps = 4,
                .decay_type = type,
                .min_lr_ratio = 0.2});
  };
  for (const char* type : {"1-sqrt", "linear", "cosine"}) {
    EXPECT_EQ(made(type)(0), 0.25);
    EXPECT_EQ(made(type)(3), 1.0);
    EXPECT_EQ(made(type)(10), 1.0);
    EXPECT_EQ(made(type)(14), 0.2);
    EXPECT_EQ(made(type)(1000), 0.2);
  }
  EXPECT_DOUBLE_EQ(made("1-sqrt")(11), 0.2 + 0.8 * 0.5);
  EXPECT_DOUBLE_EQ(made("linear")(11), 0.2 + 0.8 * 0.75);
  EXPECT_DOUBLE_EQ(made("cosine")(12), 0.2 + 0.8 * 0.5);
}

TEST(Schedule, PrintsHowItWasMade) {
  std::ostringstream out;
  out << warmup(100).then(cosine({.T_max = 900}));
  EXPECT_EQ(out.str(), "warmup(100) then cosine(900)");
  EXPECT_EQ(
      (warmup(5).then(cosine({.T_max = 9})) * step({.step_size = 3, .gamma = 0.5})).description(),
      "(warmup(5) then cosine(9)) * step(3, gamma=0.5)");
  EXPECT_EQ(sequence({linear(), cosine({.T_max = 9, .eta_min = 1e-5})}, {5}).description(),
            "sequence({linear(0.333333, 1, 5), cosine(9, eta_min=1e-05)}, {5})");
  EXPECT_EQ(warmup(7, WarmupConvention::from_factor, 0.1).description(),
            "warmup(7, convention=from_factor, start_factor=0.1)");
}

TEST(Schedule, DescribesWhatIsNotAsUsual) {
  const std::vector<std::pair<Schedule, std::string>> cases = {
      {constant(), "constant(0.333333, 5)"},
      {linear(), "linear(0.333333, 1, 5)"},
      {exponential({.gamma = 0.9}), "exponential(0.9)"},
      {polynomial(), "polynomial(5)"},
      {polynomial({.total_iters = 6, .power = 2}), "polynomial(6, power=2)"},
      {step({.step_size = 3}), "step(3)"},
      {step({.step_size = 3, .gamma = 0.2}), "step(3, gamma=0.2)"},
      {multi_step({.milestones = {5, 2}}), "multi_step(5, 2)"},
      {multi_step({.milestones = {2}, .gamma = 0.2}), "multi_step(2, gamma=0.2)"},
      {cosine({.T_max = 9}), "cosine(9)"},
      {warm_restarts({.T_0 = 5}), "warm_restarts(5)"},
      {warm_restarts({.T_0 = 5, .T_mult = 2, .eta_min = 0.5}),
       "warm_restarts(5, T_mult=2, eta_min=0.5)"},
      {cyclic({.base_lr = 0.1, .max_lr = 0.2}), "cyclic(0.1, 0.2, 2000)"},
      {cyclic({.base_lr = 0.1,
               .max_lr = 0.2,
               .step_size_up = 4,
               .step_size_down = 6,
               .mode = "exp_range",
               .gamma = 0.9}),
       "cyclic(0.1, 0.2, 4, step_size_down=6, mode=exp_range, gamma=0.9)"},
      {cyclic({.base_lr = 0.1, .max_lr = 0.2, .scale_fn = [](double) { return 0.5; }}),
       "cyclic(0.1, 0.2, 2000, mode=custom)"},
      {one_cycle({.max_lr = 0.1, .total_steps = 10}), "one_cycle(0.1, 10)"},
      {one_cycle({.max_lr = 0.1,
                  .epochs = 2,
                  .steps_per_epoch = 5,
                  .pct_start = 0.5,
                  .anneal_strategy = "linear",
                  .div_factor = 10,
                  .final_div_factor = 100,
                  .three_phase = true}),
       "one_cycle(0.1, 10, pct_start=0.5, anneal_strategy=linear, div_factor=10, "
       "final_div_factor=100, three_phase=1)"},
      {inverse_sqrt(), "inverse_sqrt(10000)"},
      {noam({.d_model = 512}), "noam(512, 4000)"},
      {wsd({.warmup_steps = 3, .stable_steps = 4, .decay_steps = 5}), "wsd(3, 4, 5)"},
      {wsd({.decay_steps = 5,
            .decay_type = "linear",
            .min_lr_ratio = 0.1,
            .warmup = WarmupConvention::between}),
       "wsd(0, 0, 5, decay_type=linear, min_lr_ratio=0.1, warmup=between)"},
      {swa({.swa_lr = 0.05}), "swa(0.05, 10)"},
      {swa({.swa_lr = 0.05, .anneal_epochs = 0, .anneal_strategy = "linear"}),
       "swa(0.05, 0, anneal_strategy=linear)"},
      {lambda([](std::int64_t) { return 0.5; }), "lambda(f)"},
      {multiplicative([](std::int64_t) { return 0.5; }), "multiplicative(f)"},
      {warmup(5), "warmup(5)"},
      {warmup(5, WarmupConvention::both_ends), "warmup(5, convention=both_ends)"},
      {cosine({.T_max = 9}) * (warmup(5).then(step({.step_size = 3}))),
       "cosine(9) * (warmup(5) then step(3))"},
      {warmup(5).then(warmup(2).then(cosine({.T_max = 9}))),
       "warmup(5) then (warmup(2) then cosine(9))"},
      {chain({cosine({.T_max = 9}), step({.step_size = 3}), warmup(5)}),
       "(cosine(9) * step(3)) * warmup(5)"},
      {sequence({cosine({.T_max = 9}), step({.step_size = 3}), warmup(5)}, {2, 4}),
       "sequence({cosine(9), step(3), warmup(5)}, {2, 4})"},
  };
  for (const auto& [schedule, description] : cases) EXPECT_EQ(schedule.description(), description);
}

TEST(Schedule, CyclesDriveTheMomentumUnlessToldNotTo) {
  const Schedule cycle = cyclic({.base_lr = 0.1, .max_lr = 0.2, .step_size_up = 2});
  EXPECT_EQ(cycle.momentum(0), 0.9);
  EXPECT_DOUBLE_EQ(cycle.momentum(2).value(), 0.8);
  const Schedule one = one_cycle({.max_lr = 0.1, .total_steps = 10, .pct_start = 0.5});
  EXPECT_EQ(one.momentum(0), 0.95);
  EXPECT_DOUBLE_EQ(one.momentum(4).value(), 0.85);
  EXPECT_FALSE(cyclic({.base_lr = 0.1, .max_lr = 0.2, .cycle_momentum = false}).drives_momentum());
  EXPECT_FALSE(
      one_cycle({.max_lr = 0.1, .total_steps = 10, .cycle_momentum = false}).drives_momentum());
}

TEST(Schedule, ServesOneGroupOfSeveral) {
  const OneCycleOptions options{.max_lr = {0.1, 0.02}, .total_steps = 1, .pct_start = 1.0};
  for (const std::size_t group : {0u, 1u}) {
    const BuildingFor building({"OneCycleLR", group, 2});
    EXPECT_EQ(one_cycle(options)(0), group == 0 ? 0.1 : 0.02);
  }
}

}  // namespace
}  // namespace kindling::schedulers
