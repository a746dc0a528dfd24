// SPDX-License-Identifier: MIT
#include <kindling/optim/optimizers.h>
#include <kindling/schedulers/decay.h>
#include <kindling/schedulers/function.h>
#include <kindling/schedulers/lr_scheduler.h>
#include <kindling/schedulers/reduce_lr_on_plateau.h>

#include "tests/optim/training.h"
#include "tests/support/expect_error.h"
#include "tests/support/special_values.h"

#include <gtest/gtest.h>

namespace kindling {
namespace {

using optim::Adam;
using optim::SGD;
using schedulers::LRScheduler;
using schedulers::ReduceLROnPlateau;
using test::expect_error;
using test::kInfinity;
using test::kNan;
using test::parameter;
using test::set_gradient;
using test::values;

TEST(SkipNonfinite, TheFirstStepWithMomentumMayBeSkipped) {
  const Tensor weight = parameter({0});
  SGD optimizer({weight}, {.lr = 1, .momentum = 0.5, .dampening = 0.5, .skip_nonfinite = true});
  set_gradient(weight, {kInfinity});
  optimizer.step();
  EXPECT_EQ(weight.item(), 0);
  set_gradient(weight, {1});
  optimizer.step();  // the first update: its buffer is the gradient, not dampened
  EXPECT_EQ(weight.item(), -1);
  set_gradient(weight, {kNan});
  optimizer.step();
  EXPECT_EQ(weight.item(), -1);
  set_gradient(weight, {1});
  optimizer.step();
  EXPECT_EQ(weight.item(), -2);
}

TEST(SkipNonfinite, ASkippedStepIsNoStep) {
  const auto run = [](bool with_accidents) {
    const std::vector<Tensor> weights = {parameter({1, -2}), parameter({3}), parameter({0.5})};
    Adam optimizer({{{weights[0], weights[1]}, {.lr = 0.1, .skip_nonfinite = true}},
                    {{weights[2]}, {.lr = 0.01, .skip_nonfinite = true}}});
    LRScheduler scheduler(optimizer, schedulers::lambda([](std::int64_t t) {
                            return 1.0 / static_cast<double>(t + 1);
                          }));
    for (int t = 0; t < 200; ++t) {
      if (with_accidents && t % 3 == 0) {
        set_gradient(weights[0], {1, 1});
        set_gradient(weights[1], {1});
        set_gradient(weights[2],
                     {t % 2 == 0 ? kNan : -kInfinity});  // in one group, and all stand still
        optimizer.step();
        scheduler.step();
        EXPECT_EQ(scheduler.last_epoch(), t);
      }
      set_gradient(weights[0], {1.0 + t, -1});
      set_gradient(weights[1], {0.5});
      set_gradient(weights[2], {2});
      optimizer.step();
      scheduler.step();
    }
    EXPECT_EQ(scheduler.last_epoch(), 200);
    EXPECT_EQ(optimizer.lr(), 0.1 * (1.0 / 201));
    std::vector<double> result;
    for (const Tensor& weight : weights) {
      for (const double value : values(weight)) result.push_back(value);
    }
    return result;
  };
  EXPECT_EQ(run(true), run(false));
}

TEST(SkipNonfinite, ManySkippedStepsDoNotOverrunTheTape) {
  const Tensor weight = parameter({1});
  SGD optimizer({weight}, {.lr = 1, .skip_nonfinite = true});
  LRScheduler scheduler(optimizer, schedulers::lambda([](std::int64_t t) {
                          return 1.0 / static_cast<double>(t + 1);
                        }));
  for (int t = 0; t < 1000; ++t) {
    set_gradient(weight, {kNan});
    optimizer.step();
    scheduler.step();
  }
  EXPECT_EQ(optimizer.lr(), 1);
  set_gradient(weight, {0});
  optimizer.step();
  scheduler.step();
  EXPECT_EQ(optimizer.lr(), 0.5);
}

TEST(SkipNonfinite, IsOffByDefault) {
  const Tensor weight = parameter({1});
  SGD optimizer({weight}, {.lr = 1});
  set_gradient(weight, {kInfinity});
  optimizer.step();
  EXPECT_EQ(weight.item(), -kInfinity);
}

TEST(SkipNonfinite, FindsOneBadValueAmongMany) {
  const Tensor weight = zeros({100003}, {.requires_grad = true});
  SGD optimizer({weight}, {.lr = 1, .skip_nonfinite = true});
  std::vector<double> gradient(100003, 1.0);
  gradient[99999] = kNan;
  set_gradient(weight, gradient);
  optimizer.step();
  EXPECT_EQ(weight.sum().item(), 0);
  gradient[99999] = 1;
  set_gradient(weight, gradient);
  optimizer.step();
  EXPECT_EQ(weight.sum().item(), -100003);
}

TEST(SkipNonfinite, IsOneChoiceForTheWholeOptimizer) {
  const Tensor a = parameter({1});
  const Tensor b = parameter({1});
  const Tensor c = parameter({1});
  const std::string end =
      " for the others: a skipped step is skipped by all groups: give them the same, or "
      "change all with set_skip_nonfinite()";
  expect_error<ValueError>("SGD: skip_nonfinite is off for group 1 and on" + end, [&] {
    return SGD({{{a}, {.skip_nonfinite = true}}, {{b}, {}}});
  });
  SGD optimizer({{{a}, {}}, {{b}, {}}});
  expect_error<ValueError>("SGD: skip_nonfinite is on for group 2 and off" + end, [&] {
    optimizer.add_param_group({{c}, {.skip_nonfinite = true}});
    return 0;
  });
  expect_error<ValueError>("SGD: skip_nonfinite is on for group 1 and off" + end, [&] {
    optimizer.set_options({.skip_nonfinite = true}, 1);
    return 0;
  });
  StateDict state = optimizer.state_dict();
  for (auto& [name, value] : state)
    if (name == "param_groups.1.skip_nonfinite") value.fill_(1);
  expect_error<ValueError>(
      "SGD: load_state_dict: \"param_groups.1.skip_nonfinite\" differs from group 0's: all groups "
      "skip a step, or none",
      [&] {
        optimizer.load_state_dict(state);
        return 0;
      });
  EXPECT_EQ(optimizer.group_count(), 2U);
  EXPECT_FALSE(optimizer.options(1).skip_nonfinite);
}

TEST(SkipNonfinite, MayBeSwitchedWhereThereIsOneGroup) {
  const Tensor weight = parameter({0});
  SGD optimizer({weight}, {.lr = 1});
  LRScheduler scheduler(optimizer, schedulers::exponential({.gamma = 0.5}));
  const auto step = [&](double gradient) {
    set_gradient(weight, {gradient});
    optimizer.step();
    scheduler.step();
    return scheduler.last_epoch();
  };
  EXPECT_EQ(step(0), 1);
  optimizer.set_options({.lr = optimizer.lr(), .skip_nonfinite = true});
  EXPECT_EQ(step(kNan), 1);
  EXPECT_EQ(step(0), 2);
  EXPECT_EQ(step(kInfinity), 2);
  optimizer.set_options({.lr = optimizer.lr()});
  EXPECT_EQ(step(0), 3);
  EXPECT_EQ(optimizer.lr(), 0.125);
  EXPECT_EQ(weight.item(), 0);
}

TEST(SkipNonfinite, IsSwitchedForAllGroupsAtOnce) {
  const Tensor a = parameter({1}), b = parameter({1});
  SGD optimizer({{{a}, {.lr = 1}}, {{b}, {.lr = 1}}});
  const auto step = [&] {
    set_gradient(a, {kNan});
    set_gradient(b, {1});
    optimizer.step();
    return b.item();
  };
  optimizer.set_skip_nonfinite(true);
  EXPECT_TRUE(optimizer.options(1).skip_nonfinite);
  EXPECT_EQ(step(), 1);
  EXPECT_EQ(a.item(), 1);
  optimizer.set_skip_nonfinite(false);
  EXPECT_EQ(step(), 0);
  EXPECT_TRUE(std::isnan(a.item()));
}

// A schedule of epochs moves when any update of the epoch took effect.
TEST(SkipNonfinite, ASkippedUpdateDoesNotCostTheEpoch) {
  const Tensor weight = parameter({0});
  SGD optimizer({weight}, {.lr = 1, .skip_nonfinite = true});
  LRScheduler scheduler(optimizer, schedulers::step({.step_size = 1, .gamma = 0.5}));
  ReduceLROnPlateau plateau(optimizer, {.factor = 0.5, .patience = 100});
  const auto epoch = [&](const std::vector<double>& gradients) {
    for (const double gradient : gradients) {
      set_gradient(weight, {gradient});
      optimizer.step();
    }
    scheduler.step();
    plateau.step(1.0);
    return std::pair(scheduler.last_epoch(), plateau.last_epoch());
  };
  using Epochs = std::pair<std::int64_t, std::int64_t>;
  EXPECT_EQ(epoch({0, kNan}), Epochs(1, 1));
  EXPECT_EQ(epoch({kNan, kNan}), Epochs(1, 1));  // nothing took effect
  EXPECT_EQ(epoch({kNan, 0, kInfinity}), Epochs(2, 2));
  EXPECT_EQ(epoch({}), Epochs(3, 3));  // nothing was tried
  EXPECT_EQ(optimizer.lr(), 0.125);
}

TEST(SkipNonfinite, WhatWasSkippedIsNotForgottenWhenTheTapeIsWrittenAnew) {
  const Tensor weight = parameter({0});
  SGD optimizer({weight}, {.lr = 1, .skip_nonfinite = true});
  LRScheduler scheduler(optimizer, schedulers::exponential({.gamma = 0.5}));
  set_gradient(weight, {kNan});
  optimizer.step();
  optimizer.load_state_dict(optimizer.state_dict());
  optimizer.add_param_group({{parameter({0})}, {.lr = 1, .skip_nonfinite = true}});
  scheduler.step();
  EXPECT_EQ(scheduler.last_epoch(), 0);
}

TEST(SkipNonfinite, WhatWasSkippedIsNotForgottenWhenSkippingEnds) {
  const Tensor weight = parameter({0});
  SGD optimizer({weight}, {.lr = 1, .skip_nonfinite = true});
  LRScheduler scheduler(optimizer, schedulers::exponential({.gamma = 0.5}));
  set_gradient(weight, {kNan});
  optimizer.step();
  scheduler.step();
  optimizer.set_options({.lr = 1});
  EXPECT_EQ(scheduler.last_epoch(), 0);
}

TEST(SkipNonfinite, APlateauOnTheDeviceStandsStillLikeOneOnTheHost) {
  std::vector<std::vector<double>> seen;
  for (const bool on_device : {false, true}) {
    const Tensor weight = parameter({0});
    SGD optimizer({weight}, {.lr = 1, .skip_nonfinite = true});
    ReduceLROnPlateau plateau(optimizer, {.factor = 0.5, .patience = 1});
    seen.emplace_back();
    for (int t = 0; t < 40; ++t) {
      set_gradient(weight, {t % 3 == 1 ? kNan : 0.0});
      optimizer.step();
      if (on_device)
        plateau.step(tensor(1.0, {.dtype = DType::float64}));
      else
        plateau.step(1.0);
      seen.back().push_back(optimizer.lr());
      seen.back().push_back(static_cast<double>(plateau.last_epoch()));
    }
    EXPECT_EQ(plateau.last_epoch(), 27);
  }
  EXPECT_EQ(seen[0], seen[1]);
}

}  // namespace
}  // namespace kindling
