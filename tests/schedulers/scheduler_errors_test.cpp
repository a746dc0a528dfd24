// SPDX-License-Identifier: MIT
#include "tests/schedulers/classes.h"
#include "tests/support/expect_error.h"
#include "tests/support/special_values.h"

#include <stdexcept>

namespace kindling::golden {
namespace {

using schedulers::Factor;
using schedulers::LambdaLR;
using schedulers::StepLR;
using test::expect_error;
using test::kInfinity;
using test::kNan;

// The class refuses the arguments, and leaves the optimizer free and as it was.
template <class Class, class... Arguments>
void refuses(const std::string& text, const Arguments&... arguments) {
  SGDTraining training({0.1, 0.2});
  expect_error<ValueError>(text, [&] { return Class(training.optimizer, arguments...); });
  EXPECT_EQ(training.optimizer.lr(0), 0.1);
  EXPECT_EQ(training.optimizer.lr(1), 0.2);
  const StepLR another(training.optimizer, {.step_size = 1});
}

TEST(SchedulerErrors, OptionsAreRefusedUnderTheNameOfTheClass) {
  const Factor none;
  const std::string empty = ": the function is empty: give one that can be called";
  refuses<s::LambdaLR>("LambdaLR" + empty, none);
  refuses<s::MultiplicativeLR>("MultiplicativeLR" + empty, none);
  refuses<s::StepLR>("StepLR: step_size 0: must be at least 1", s::StepOptions{});
  refuses<s::MultiStepLR>("MultiStepLR: milestones is empty: give at least one",
                          s::MultiStepOptions{});
  refuses<s::ConstantLR>("ConstantLR: factor -1: must be finite and not negative",
                         s::ConstantOptions{.factor = -1});
  refuses<s::LinearLR>("LinearLR: total_iters -1: must be at least 0",
                       s::LinearOptions{.total_iters = -1});
  refuses<s::ExponentialLR>("ExponentialLR: gamma 0: must be finite and above 0",
                            s::ExponentialOptions{});
  refuses<s::PolynomialLR>("PolynomialLR: power nan: must be finite and not negative",
                           s::PolynomialOptions{.power = kNan});
  refuses<s::CosineAnnealingLR>("CosineAnnealingLR: T_max 0: must be at least 1",
                                s::CosineOptions{});
  refuses<s::CosineAnnealingWarmRestarts>("CosineAnnealingWarmRestarts: T_0 0: must be at least 1",
                                          s::WarmRestartsOptions{});
  refuses<s::CyclicLR>(
      R"(CyclicLR: mode "square": must be one of "triangular", "triangular2", "exp_range")",
      s::CyclicOptions{.base_lr = 0.1, .max_lr = 1.0, .mode = "square"});
  refuses<s::OneCycleLR>(
      "OneCycleLR: total_steps 0: give total_steps, or epochs and steps_per_epoch",
      s::OneCycleOptions{.max_lr = 0.1});
  const std::vector<Schedule> no_parts;
  const std::vector<std::int64_t> no_milestones;
  refuses<s::SequentialLR>("SequentialLR: no schedules: give at least one", no_parts,
                           no_milestones);
  refuses<s::SequentialLR>(
      "SequentialLR: 2 schedules and 0 milestones: give one milestone fewer than schedules",
      std::vector<Schedule>{s::constant(), s::linear()}, no_milestones);
  refuses<s::ChainedScheduler>("ChainedScheduler: no schedules: give at least one", no_parts);
}

TEST(SchedulerErrors, OneForAllGroupsOrOneForEach) {
  const Factor half = [](std::int64_t) { return 0.5; };
  refuses<s::LambdaLR>(
      "LambdaLR: 3 schedules for 2 parameter groups: give one for all, or one for each",
      std::vector<Factor>{half, half, half});
  refuses<s::MultiplicativeLR>(
      "MultiplicativeLR: 0 schedules for 2 parameter groups: give one for all, or one for each",
      std::vector<Factor>{});
  refuses<s::OneCycleLR>(
      "OneCycleLR: max_lr has 3 values: 2 parameter groups: give one value, or one per group",
      s::OneCycleOptions{.max_lr = {1, 2, 3}, .total_steps = 10});
  refuses<s::CyclicLR>(
      "CyclicLR: base_lr has 3 values: 2 parameter groups: give one value, or one per group",
      s::CyclicOptions{.base_lr = {1, 2, 3}, .max_lr = 4.0});
}

TEST(SchedulerErrors, AGroupThatIsAddedNeedsASchedule) {
  SGDTraining training({0.1, 0.2});
  s::OneCycleLR scheduler(training.optimizer, {.max_lr = {1, 2}, .total_steps = 10});
  expect_error<ValueError>(
      "OneCycleLR: there are schedules for 2 groups, and none for group 2: give one schedule for "
      "all groups, or add the group first",
      [&] {
        training.optimizer.add_param_group({{test::parameter({1})}, {}});
        return 0;
      });
  EXPECT_EQ(training.optimizer.group_count(), 2U);
  scheduler.step();
  EXPECT_EQ(scheduler.get_last_lr().size(), 2U);
}

TEST(SchedulerErrors, ASecondSchedulerIsRefused) {
  SGDTraining training({0.1});
  s::CosineAnnealingLR first(training.optimizer, {.T_max = 4});
  first.step();
  const double lr = training.optimizer.lr();
  const std::string why =
      ": the optimizer already has a scheduler, CosineAnnealingLR: combine schedules with "
      "ChainedScheduler or SequentialLR";
  expect_error<ValueError>("LambdaLR" + why, [&] {
    return LambdaLR(training.optimizer, [](std::int64_t) { return 0.5; });
  });
  expect_error<ValueError>("LRScheduler" + why,
                           [&] { return LRScheduler(training.optimizer, s::warmup(3)); });
  EXPECT_EQ(training.optimizer.lr(), lr);
  EXPECT_EQ(first.last_epoch(), 1);
}

TEST(SchedulerErrors, AMovedFromSchedulerSaysSo) {
  SGDTraining training({0.1});
  StepLR first(training.optimizer, {.step_size = 1});
  const StepLR second = std::move(first);
  // NOLINTNEXTLINE(bugprone-use-after-move): that is the question
  const auto use = [&] { return first.last_epoch(); };
  expect_error<ValueError>("LRScheduler: this one was moved from: use the one that it was moved to",
                           use);
}

TEST(SchedulerErrors, AGroupThatDoesNotExist) {
  SGDTraining training({0.1});
  const StepLR scheduler(training.optimizer, {.step_size = 1});
  expect_error<ValueError>("SGD: lr_at: group 1 does not exist: there are 1",
                           [&] { return scheduler.lr_at(0, 1); });
}

// All that can be seen of a training.
std::vector<double> seen(const SGDTraining& training, const LRScheduler& scheduler) {
  std::vector<double> all = scheduler.get_last_lr();
  all.push_back(static_cast<double>(scheduler.last_epoch()));
  for (const auto& [name, value] : training.optimizer.state_dict()) {
    for (const double number : value.to_vector<double>()) all.push_back(number);
  }
  for (std::size_t group = 0; group < training.optimizer.group_count(); ++group) {
    all.push_back(record_of(training.optimizer, group).lr.value);
    all.push_back(record_of(training.optimizer, group).momentum.value);
    all.push_back(static_cast<double>(training.optimizer.state()->clock().index()));
  }
  return all;
}

constexpr std::int64_t kPlaces[] = {1, 2, 7, 8, 9, 71, 72, 73, 127, 128, 129, 300};

// Steps up to `bad`, where the step must fail, twice, and change nothing; the training goes on.
template <class E>
void expect_failure_at(std::int64_t bad, SGDTraining& training, LRScheduler& scheduler,
                       const std::string& text) {
  SCOPED_TRACE("bad at t = " + std::to_string(bad));
  while (scheduler.last_epoch() + 1 < bad) {
    training.optimizer.step();
    ASSERT_NO_THROW(scheduler.step());
  }
  const std::vector<double> before = seen(training, scheduler);
  for (int i = 0; i < 2; ++i) {
    expect_error<E>(text, [&] {
      scheduler.step();
      return 0;
    });
    EXPECT_EQ(seen(training, scheduler), before);
  }
  EXPECT_NO_THROW(training.optimizer.step());
}

TEST(SchedulerErrors, AValueThatIsNoLearningRateIsRaisedByTheStepThatReachesIt) {
  const std::pair<double, std::string> bad_values[] = {
      {kNan, "nan"}, {kInfinity, "inf"}, {-kInfinity, "-inf"}, {-3.0, "-3"}};
  for (const auto& [value, text] : bad_values) {
    for (const std::int64_t bad : kPlaces) {
      SGDTraining training({0.5, 1.0}, {.momentum = 0.5});
      // The first group's value is good there, and must not be taken.
      LambdaLR scheduler(training.optimizer,
                         {[](std::int64_t t) { return 1.0 / static_cast<double>(t + 1); },
                          [bad, wrong = value](std::int64_t t) { return t >= bad ? wrong : 1.0; }});
      expect_failure_at<ValueError>(bad, training, scheduler,
                                    "LambdaLR: learning rate " + text +
                                        " at t = " + std::to_string(bad) +
                                        " (group 1): must be finite and not negative");
    }
  }
}

TEST(SchedulerErrors, WhatAFunctionThrowsIsRaisedByTheStepThatReachesIt) {
  for (const std::int64_t bad : kPlaces) {
    SGDTraining training({0.5, 1.0});
    s::MultiplicativeLR scheduler(training.optimizer, [bad](std::int64_t t) {
      if (t >= bad) throw std::out_of_range("no more factors");
      return 0.999;
    });
    SCOPED_TRACE(bad);
    while (scheduler.last_epoch() + 1 < bad) ASSERT_NO_THROW(scheduler.step());
    const std::vector<double> before = seen(training, scheduler);
    for (int i = 0; i < 2; ++i) {
      try {
        scheduler.step();
        ADD_FAILURE() << "nothing was thrown";
      } catch (const std::out_of_range& error) {
        EXPECT_STREQ(error.what(), "no more factors");
      }
      EXPECT_EQ(seen(training, scheduler), before);
    }
    EXPECT_THROW((void)scheduler.lr_at(bad), std::out_of_range);
  }
}

TEST(SchedulerErrors, AValueThatIsNoMomentum) {
  SGDTraining training({0.5}, {.momentum = 0.5});
  const Schedule mine(
      "mine", [](std::int64_t, double base) { return base; },
      [](std::int64_t t) { return t < 20 ? 0.5 : -1.0; });
  LRScheduler scheduler(training.optimizer, mine);
  expect_failure_at<ValueError>(
      20, training, scheduler,
      "LRScheduler: momentum -1 at t = 20 (group 0): must be finite and not negative");

  AdamTraining adam({0.5});
  expect_error<ValueError>(
      "CyclicLR: momentum 1 at t = 0 (group 0): must be finite and not negative, and below 1", [&] {
        return s::CyclicLR(adam.optimizer, {.base_lr = 0.1, .max_lr = 0.2, .max_momentum = 1.0});
      });
  EXPECT_EQ(momentum_of(adam.optimizer), 0.9);
  EXPECT_EQ(adam.optimizer.lr(), 0.5);
}

TEST(SchedulerErrors, ABadFirstValueIsRaisedByTheConstructor) {
  refuses<s::LambdaLR>(
      "LambdaLR: learning rate nan at t = 0 (group 0): must be finite and not "
      "negative",
      Factor([](std::int64_t t) { return t == 0 ? kNan : 1.0; }));
}

TEST(SchedulerErrors, LoadingAStateThatTheScheduleCannotReachChangesNothing) {
  SGDTraining training({0.5});
  LambdaLR scheduler(training.optimizer, [](std::int64_t t) { return t < 50 ? 1.0 : kNan; });
  scheduler.step();
  StateDict state = scheduler.state_dict();
  state.front().second = tensor(60.0);
  const std::vector<double> before = seen(training, scheduler);
  expect_error<ValueError>(
      "LambdaLR: learning rate nan at t = 60 (group 0): must be finite and not negative", [&] {
        scheduler.load_state_dict(state);
        return 0;
      });
  EXPECT_EQ(seen(training, scheduler), before);
  scheduler.step();
  EXPECT_EQ(scheduler.last_epoch(), 2);
}

}  // namespace
}  // namespace kindling::golden
