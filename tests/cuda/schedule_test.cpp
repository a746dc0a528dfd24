// SPDX-License-Identifier: MIT
// The learning rate that the update read on the GPU, step by step, is the host's bit for bit, and
// nobody waits in between.
#include <kindling/kindling.h>

#include "tests/cuda/emulator.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <functional>
#include <vector>

namespace kindling {
namespace {

namespace s = schedulers;

constexpr std::int64_t kSteps = 1000;

std::vector<s::Schedule> one_of_each() {
  const auto factor = [](std::int64_t t) { return 1.0 / std::sqrt(static_cast<double>(t) + 1.0); };
  return {s::lambda(factor),
          s::multiplicative([](std::int64_t t) { return t % 3 == 0 ? 0.99 : 1.001; }),
          s::step({.step_size = 7, .gamma = 0.9}),
          s::multi_step({.milestones = {3, 64, 65, 500}}),
          s::constant(),
          s::linear({.total_iters = 300}),
          s::exponential({.gamma = 0.999}),
          s::polynomial({.total_iters = 900, .power = 1.7}),
          s::cosine({.T_max = 130, .eta_min = 1e-5}),
          s::warm_restarts({.T_0 = 17, .T_mult = 2}),
          s::cyclic({.base_lr = 0.01, .max_lr = 0.3, .step_size_up = 31}),
          s::one_cycle({.max_lr = 0.5, .total_steps = 999}),
          s::sequence({s::linear({.total_iters = 64}), s::cosine({.T_max = 900})}, {64}),
          s::chain({s::warmup(100), s::exponential({.gamma = 0.99})}),
          s::inverse_sqrt({.timescale = 20}),
          s::noam({.d_model = 64, .warmup_steps = 128}),
          s::wsd({.warmup_steps = 100, .stable_steps = 500, .decay_steps = 300})};
}

std::vector<double> rates_of(const std::function<void(std::int64_t)>& step,
                             const std::function<std::vector<StepEntry>()>& history) {
  step(1);
  const bool counted = default_device().is_cuda() && test::emulator::is_here();
  if (counted) test::emulator::reset();
  step(kSteps - 1);
  if (counted) {
    EXPECT_EQ(test::emulator::count("synchronisations"), 0u);
  }
  std::vector<double> rates;
  for (const StepEntry& entry : history()) rates.push_back(entry.lr);
  return rates;
}

TEST(LearningRateOnTheDevice, IsTheSchedulesBitForBit) {
  for (const s::Schedule& schedule : one_of_each()) {
    SCOPED_TRACE(schedule.description());
    const Tensor weight = ones({4}, {.requires_grad = true});
    weight.backward(ones({4}));
    optim::SGD optimizer({weight}, {.lr = 0.1, .momentum = 0.9});
    s::LRScheduler scheduler(optimizer, schedule);
    auto step = capture([&] {
      optimizer.step();
      scheduler.step();
    });
    const std::vector<double> rates =
        rates_of([&](std::int64_t n) { step(n); }, [&] { return step.history(); });
    ASSERT_EQ(rates.size(), static_cast<std::size_t>(kSteps));
    for (std::int64_t t = 0; t < kSteps; ++t)
      ASSERT_EQ(rates[static_cast<std::size_t>(t)], schedule(t, 0.1)) << "step " << t;
  }
}

TEST(LearningRateOnTheDevice, OfAPlateauIsThatOfTheCpu) {
  const auto rates_on = [](Device device) {
    const Tensor weight = ones({1}, {.device = device, .requires_grad = true});
    const Tensor metric = full({}, 3.0, {.device = device});
    weight.backward(ones({1}, {.device = device}));
    optim::SGD optimizer({weight}, {.lr = 0.1});
    s::ReduceLROnPlateau plateau(optimizer, {.factor = 0.7, .patience = 5, .eps = 1e-9});
    auto step = capture([&] {
      optimizer.step();
      plateau.step(metric);
    });
    return rates_of([&](std::int64_t n) { step(n); }, [&] { return step.history(); });
  };
  const std::vector<double> rates = rates_on(default_device());
  EXPECT_EQ(rates, rates_on(Device::cpu()));
  EXPECT_LT(rates.back(), 1e-5);
}

}  // namespace
}  // namespace kindling
