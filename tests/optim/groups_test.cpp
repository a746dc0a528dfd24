// SPDX-License-Identifier: MIT
#include <kindling/optim/optimizers.h>
#include <kindling/schedulers/decay.h>
#include <kindling/schedulers/lr_scheduler.h>

#include "tests/optim/training.h"
#include "tests/support/allocations.h"

#include <gtest/gtest.h>

#include <array>
#include <optional>
#include <type_traits>
#include <utility>

namespace kindling {
namespace {

using optim::Adam;
using optim::AdamW;
using optim::SGD;
using test::parameter;
using test::set_gradient;

TEST(ParameterGroups, EachHasItsOptions) {
  const std::vector<Tensor> body = {parameter({1}), parameter({2})};
  const std::vector<Tensor> head = {parameter({3})};
  SGD optimizer({{body, {.lr = 1e-2, .momentum = 0.9}}, {head, {.lr = 1e-3}}});
  EXPECT_EQ(optimizer.lr(), 1e-2);
  EXPECT_EQ(optimizer.lr(1), 1e-3);
  EXPECT_EQ(optimizer.options(0).momentum, 0.9);
  EXPECT_EQ(optimizer.options(1).momentum, 0);
  const auto groups = optimizer.param_groups();
  ASSERT_EQ(groups.size(), 2U);
  EXPECT_EQ(groups[0].params.size(), 2U);
  EXPECT_EQ(groups[1].params[0].impl(), head[0].impl());
  EXPECT_EQ(groups[1].options.lr, 1e-3);
}

TEST(ParameterGroups, OptionsThatAreNotGivenAreThoseOfPyTorch) {
  const auto sgd = SGD({parameter({1})}).options();
  EXPECT_EQ(sgd.lr, 1e-3);
  EXPECT_EQ(sgd.momentum, 0);
  EXPECT_EQ(sgd.dampening, 0);
  EXPECT_EQ(sgd.weight_decay, 0);
  EXPECT_FALSE(sgd.nesterov || sgd.maximize || sgd.skip_nonfinite);
  const auto expect_adam = [](const auto& options, double weight_decay) {
    EXPECT_EQ(options.lr, 1e-3);
    EXPECT_EQ(options.betas, (std::array<double, 2>{0.9, 0.999}));
    EXPECT_EQ(options.eps, 1e-8);
    EXPECT_EQ(options.weight_decay, weight_decay);
    EXPECT_FALSE(options.amsgrad || options.maximize || options.skip_nonfinite);
  };
  expect_adam(Adam({parameter({1})}).options(), 0);
  expect_adam(AdamW({parameter({1})}).options(), 1e-2);
}

TEST(ParameterGroups, AListOfOneGroupIsUnderstood) {
  const std::vector<Tensor> body = {parameter({1})};
  AdamW optimizer({{body, {.lr = 0.5}}});
  EXPECT_EQ(optimizer.group_count(), 1U);
  EXPECT_EQ(optimizer.lr(), 0.5);
}

TEST(ParameterGroups, DtypesMayDifferBetweenGroups) {
  const Tensor wide = parameter({1});
  const Tensor narrow = ones({1}, {.requires_grad = true});
  SGD optimizer({{{wide}, {.lr = 1}}, {{narrow}, {.lr = 0.5}}});
  set_gradient(wide, {1});
  set_gradient(narrow, {1});
  optimizer.step();
  EXPECT_EQ(wide.item(), 0);
  EXPECT_EQ(narrow.item(), 0.5);
}

TEST(ParameterGroups, MayBeAddedLater) {
  const Tensor first = parameter({1});
  const Tensor second = parameter({1});
  Adam optimizer({first}, {.lr = 0.1});
  set_gradient(first, {1});
  optimizer.step();
  optimizer.add_param_group({{second}, {.lr = 0.2}});
  EXPECT_EQ(optimizer.lr(1), 0.2);
  set_gradient(second, {1});
  optimizer.step();
  EXPECT_NEAR(first.item(), 0.8, 1e-6);
  EXPECT_NEAR(second.item(), 0.8, 1e-6);  // its first update, with t = 1
}

TEST(ParameterGroups, SetLrReachesAllGroupsOrOne) {
  const Tensor a = parameter({1});
  const Tensor b = parameter({1});
  SGD optimizer({{{a}, {.lr = 1}}, {{b}, {.lr = 2}}});
  optimizer.set_lr(0.5);
  EXPECT_EQ(optimizer.lr(0), 0.5);
  EXPECT_EQ(optimizer.lr(1), 0.5);
  optimizer.set_lr(0.25, 1);
  set_gradient(a, {1});
  set_gradient(b, {1});
  optimizer.step();
  EXPECT_EQ(a.item(), 0.5);
  EXPECT_EQ(b.item(), 0.75);
}

TEST(ParameterGroups, ZeroGradMakesGradientsUndefined) {
  const Tensor a = parameter({1});
  const Tensor b = parameter({1});
  SGD optimizer({{{a}, {.lr = 1}}, {{b}, {.lr = 2}}});
  set_gradient(a, {1});
  set_gradient(b, {1});
  optimizer.zero_grad();
  EXPECT_FALSE(a.grad().defined());
  EXPECT_FALSE(b.grad().defined());
  optimizer.step();
  EXPECT_EQ(a.item(), 1);
}

TEST(ParameterGroups, MomentumSwitchedOnLaterBeginsWithTheGradient) {
  const Tensor weight = parameter({0});
  SGD optimizer({weight}, {.lr = 1});
  set_gradient(weight, {1});
  optimizer.step();
  optimizer.set_options({.lr = 1, .momentum = 0.5, .dampening = 0.5});
  optimizer.step();  // buffer 1: the gradient, not dampened
  EXPECT_EQ(weight.item(), -2);
  optimizer.step();  // buffer 0.5 * 1 + 0.5 * 1
  EXPECT_EQ(weight.item(), -3);
}

TEST(ParameterGroups, AmsgradMayBeSwitchedOnLater) {
  const Tensor weight = parameter({0});
  Adam optimizer({weight}, {.lr = 0.1});
  set_gradient(weight, {1});
  optimizer.step();
  auto options = optimizer.options();
  options.amsgrad = true;
  optimizer.set_options(options);
  EXPECT_TRUE(optimizer.options().amsgrad);
  set_gradient(weight, {1});
  optimizer.step();
  EXPECT_NEAR(weight.item(), -0.2, 1e-6);
}

// `for (auto& group : optimizer.param_groups()) group.options.lr = x` would change a copy.
static_assert(!std::is_assignable_v<
              decltype((std::declval<SGD&>().param_groups().begin()->options.lr)), double>);

TEST(ParameterGroups, MomentumThatIsScheduledToZeroIsNone) {
  const Tensor weight = parameter({0});
  SGD optimizer({weight}, {.lr = 1, .momentum = 0.5, .dampening = 0.9});
  schedulers::LRScheduler scheduler(
      optimizer, schedulers::Schedule(
                     "mine", [](std::int64_t, double lr) { return lr; },
                     [](std::int64_t t) { return std::optional<double>(t == 2 ? 0.5 : 0.0); }));
  std::vector<double> moves;
  for (int t = 0; t < 4; ++t) {
    const double before = weight.item();
    set_gradient(weight, {1});
    optimizer.step();
    scheduler.step();
    moves.push_back(weight.item() - before);
  }
  // Without momentum the gradient itself, undampened; the first buffer is the gradient.
  EXPECT_EQ(moves, (std::vector<double>{-1, -1, -1, -1}));
}

TEST(ParameterGroups, NesterovOptionsMayBeSetUnderAScheduledMomentum) {
  SGD optimizer({parameter({0})}, {.lr = 1, .momentum = 0.9, .nesterov = true});
  schedulers::LRScheduler scheduler(optimizer,
                                    schedulers::Schedule(
                                        "mine", [](std::int64_t, double lr) { return lr; },
                                        [](std::int64_t) { return std::optional<double>(0.0); }));
  EXPECT_EQ(optimizer.options().momentum, 0);
  EXPECT_NO_THROW(optimizer.set_options(optimizer.options()));
}

TEST(ParameterGroups, TheFirstBufferIsTheGradientHoweverLateItComes) {
  const Tensor weight = parameter({0});
  SGD optimizer({weight}, {.lr = 1, .momentum = 0.9, .dampening = 0.5});
  optimizer.set_options({.lr = 1, .dampening = 0.5});
  set_gradient(weight, {1});
  optimizer.step();
  optimizer.set_options({.lr = 1, .momentum = 0.9, .dampening = 0.5});
  optimizer.step();
  EXPECT_EQ(weight.item(), -2);
}

// At every place of the tape, which is a ring.
TEST(ParameterGroups, ALateGroupLeavesTheOthersAsTheyAre) {
  for (const int steps : {0, 1, 126, 127, 128}) {
    const Tensor first = parameter({0});
    const Tensor late = parameter({0});
    SGD optimizer({first}, {.lr = 1});
    schedulers::LRScheduler scheduler(optimizer, schedulers::exponential({.gamma = 0.5}));
    for (int t = 0; t < steps; ++t) scheduler.step();
    optimizer.set_lr(0.125);
    optimizer.add_param_group({{late}, {.lr = 4}});
    EXPECT_EQ(optimizer.lr(0), 0.125);
    EXPECT_EQ(optimizer.lr(1), scheduler.lr_at(steps, 1));
    scheduler.step();
    EXPECT_EQ(optimizer.lr(0), scheduler.lr_at(steps + 1));
  }
}

TEST(ParameterGroups, ADecayTooSmallToBeSeenAloneIsNotLost) {
  const Tensor weight = full({1}, 1, {.requires_grad = true});
  const Tensor without = full({1}, 1, {.requires_grad = true});
  AdamW decayed({weight}, {.lr = 1e-6, .weight_decay = 0.05});  // 5e-8 of the weight
  AdamW plain({without}, {.lr = 1e-6, .weight_decay = 0});
  for (int t = 0; t < 1000; ++t) {
    for (const Tensor& tensor : {weight, without}) {
      tensor.backward(full({1}, 1));
    }
    decayed.step();
    plain.step();
    decayed.zero_grad();
    plain.zero_grad();
  }
  EXPECT_NEAR(without.item() - weight.item(), 1000 * 5e-8, 2e-5);
}

TEST(ParameterGroups, AnOptimizerThatPartsItsRecordsAllocatesNothingAfterwards) {
  if (!test::counts_allocations()) GTEST_SKIP() << "this build's heap cannot be counted";
  const std::vector<Tensor> weights = {parameter({1}), parameter({2}), parameter({3})};
  Adam optimizer(weights);
  const auto step = [&](std::size_t left_out) {
    optimizer.zero_grad();
    for (std::size_t i = 0; i < weights.size(); ++i) {
      if (i != left_out) weights[i].sum().backward();
    }
    optimizer.step();
  };
  for (int round = 0; round < 3; ++round)
    for (const std::size_t left_out : {0U, 1U, 2U, 3U}) step(left_out);
  const std::int64_t before = test::heap_allocations();
  for (int round = 0; round < 3; ++round)
    for (const std::size_t left_out : {0U, 1U, 2U, 3U}) step(left_out);
  EXPECT_EQ(test::heap_allocations(), before);
}

}  // namespace
}  // namespace kindling
