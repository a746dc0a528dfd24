// SPDX-License-Identifier: MIT
#include <kindling/optim/adam.h>
#include <kindling/optim/sgd.h>
#include <kindling/schedulers/function.h>
#include <kindling/schedulers/lr_scheduler.h>

#include "tests/optim/training.h"
#include "tests/support/special_values.h"

#include <gtest/gtest.h>

namespace kindling {
namespace {

using optim::Adam;
using optim::SGD;
using schedulers::LRScheduler;
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

}  // namespace
}  // namespace kindling
