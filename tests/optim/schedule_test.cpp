// SPDX-License-Identifier: MIT
// A schedule at work on an optimizer: the tape, the errors of what is looked ahead for, life times,
// warnings.
#include <kindling/optim/optimizers.h>
#include <kindling/schedulers/compose.h>
#include <kindling/schedulers/cosine.h>
#include <kindling/schedulers/cycle.h>
#include <kindling/schedulers/function.h>
#include <kindling/schedulers/lr_scheduler.h>
#include <kindling/schedulers/warmup.h>

#include "tests/optim/training.h"
#include "tests/support/expect_error.h"

#include <gtest/gtest.h>

#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <stdexcept>

namespace kindling {
namespace {

using optim::Adam;
using optim::SGD;
using schedulers::LRScheduler;
using schedulers::Schedule;
using test::expect_error;
using test::LogKeeper;
using test::parameter;
using test::set_gradient;

Schedule harmonic() {
  return schedulers::lambda([](std::int64_t t) { return 1.0 / static_cast<double>(t + 1); });
}

TEST(FollowedSchedule, TheUpdateReadsTheSchedule) {
  const Tensor a = parameter({0});
  const Tensor b = parameter({0});
  SGD optimizer({{{a}, {.lr = 1}}, {{b}, {.lr = 2}}});
  LRScheduler scheduler(optimizer, harmonic());
  double sum = 0;
  for (std::int64_t t = 0; t < 500; ++t) {  // through the ring of the tape, several times
    ASSERT_EQ(scheduler.last_epoch(), t);
    const double lr = 1.0 / static_cast<double>(t + 1);
    ASSERT_EQ(optimizer.lr(0), lr);
    ASSERT_EQ(scheduler.get_last_lr(), (std::vector<double>{lr, 2 * lr}));
    set_gradient(a, {1});
    set_gradient(b, {1});
    optimizer.step();
    scheduler.step();
    sum -= lr;
    ASSERT_DOUBLE_EQ(a.item(), sum) << t;
    ASSERT_DOUBLE_EQ(b.item(), 2 * sum) << t;
  }
  EXPECT_EQ(scheduler.lr_at(7, 1), 0.25);
}

TEST(FollowedSchedule, AFailureIsRaisedByTheStepThatReachesIt) {
  const Tensor weight = parameter({1});
  SGD optimizer({weight}, {.lr = 1});
  LRScheduler scheduler(optimizer,
                        schedulers::lambda([](std::int64_t t) { return t < 70 ? 1.0 : -0.5; }));
  set_gradient(weight, {0});
  for (int t = 0; t < 69; ++t) {
    optimizer.step();
    scheduler.step();
  }
  for (int again = 0; again < 2; ++again) {
    expect_error<ValueError>(
        "LRScheduler: learning rate -0.5 at t = 70 (group 0): must be finite and not negative",
        [&] {
          scheduler.step();
          return 0;
        });
    EXPECT_EQ(scheduler.last_epoch(), 69);
    EXPECT_EQ(optimizer.lr(), 1);
  }
}

TEST(FollowedSchedule, TheFirstValueIsRaisedByTheConstructor) {
  SGD optimizer({parameter({1})}, {.lr = 0.5});
  const auto nan = [](std::int64_t) { return std::numeric_limits<double>::quiet_NaN(); };
  expect_error<ValueError>(
      "LRScheduler: learning rate nan at t = 0 (group 0): must be finite and not negative",
      [&] { return LRScheduler(optimizer, schedulers::lambda(nan)); });
  EXPECT_EQ(optimizer.lr(), 0.5);
  const LRScheduler scheduler(optimizer, harmonic());  // the optimizer is still free
}

TEST(FollowedSchedule, ExceptionsOfTheUserArriveAsTheyAre) {
  SGD optimizer({parameter({1})}, {.lr = 0.5});
  LRScheduler scheduler(optimizer, schedulers::lambda([](std::int64_t t) {
                          if (t == 3) throw std::out_of_range("mine");
                          return 1.0;
                        }));
  for (int t = 0; t < 2; ++t) scheduler.step();
  EXPECT_THROW(scheduler.step(), std::out_of_range);
  EXPECT_EQ(scheduler.last_epoch(), 2);
}

TEST(FollowedSchedule, OneSchedulerAtATime) {
  SGD optimizer({parameter({1})}, {.lr = 1});
  std::optional<LRScheduler> first(std::in_place, optimizer, harmonic());
  expect_error<ValueError>(
      "LRScheduler: the optimizer already has a scheduler, LRScheduler: combine schedules with "
      "ChainedScheduler or SequentialLR",
      [&] { return LRScheduler(optimizer, harmonic()); });
  first->step();
  first.reset();
  EXPECT_EQ(optimizer.lr(), 0.5);
  const LRScheduler second(optimizer, harmonic());  // from the base again, as in PyTorch
  EXPECT_EQ(optimizer.lr(), 1);
}

TEST(FollowedSchedule, MayOutliveTheOptimizer) {
  auto optimizer =
      std::make_unique<SGD>(std::vector<Tensor>{parameter({1})}, optim::SGDOptions{.lr = 1});
  LRScheduler scheduler(*optimizer, harmonic());
  optimizer.reset();
  scheduler.step();
  EXPECT_EQ(scheduler.get_last_lr(), (std::vector<double>{0.5}));
}

TEST(FollowedSchedule, FollowsAMovedOptimizerAndMayBeMoved) {
  SGD first({parameter({1})}, {.lr = 1});
  LRScheduler scheduler(first, harmonic());
  SGD second = std::move(first);
  LRScheduler moved = std::move(scheduler);
  moved.step();
  EXPECT_EQ(second.lr(), 0.5);
  // NOLINTNEXTLINE(bugprone-use-after-move): that is the question
  EXPECT_THROW(scheduler.step(), ValueError);
}

TEST(FollowedSchedule, SetLrLastsUntilTheNextStep) {
  SGD optimizer({parameter({1})}, {.lr = 1});
  LRScheduler scheduler(optimizer, harmonic());
  optimizer.set_lr(0.125);
  EXPECT_EQ(optimizer.lr(), 0.125);
  scheduler.step();
  EXPECT_EQ(optimizer.lr(), 0.5);
  auto options = optimizer.options();
  options.weight_decay = 0.1;
  optimizer.set_options(options);
  scheduler.step();
  EXPECT_EQ(optimizer.lr(), 1.0 / 3);
  EXPECT_EQ(optimizer.options().weight_decay, 0.1);
}

TEST(FollowedSchedule, ARateThatIsSetStandsUntilTheNextStepHoweverItIsSet) {
  const std::vector<std::function<void(SGD&)>> ways = {
      [](SGD& optimizer) { optimizer.set_lr(0.125); },
      [](SGD& optimizer) { optimizer.set_options({.lr = 0.125}); },
      [](SGD& optimizer) {
        StateDict state = optimizer.state_dict();
        state.front().second = tensor(0.125);  // param_groups.0.lr
        optimizer.load_state_dict(state);
      }};
  for (std::size_t way = 0; way < ways.size(); ++way) {
    SCOPED_TRACE(way);
    const Tensor weight = parameter({0});
    SGD optimizer({weight}, {.lr = 1});
    LRScheduler scheduler(optimizer, harmonic());
    set_gradient(weight, {1});
    ways[way](optimizer);
    EXPECT_EQ(optimizer.lr(), 0.125);
    EXPECT_EQ(optimizer.options().lr, 0.125);
    optimizer.step();
    EXPECT_EQ(weight.item(), -0.125);
    scheduler.step();
    EXPECT_EQ(optimizer.lr(), 0.5);  // of a base that is still 1
    optimizer.step();
    EXPECT_EQ(weight.item(), -0.625);
  }
}

TEST(FollowedSchedule, ARateThatIsSetBeforeIsTheBase) {
  SGD optimizer({parameter({0})}, {.lr = 1});
  optimizer.set_options({.lr = 2});
  std::optional<LRScheduler> scheduler(std::in_place, optimizer, harmonic());
  scheduler->step();
  EXPECT_EQ(optimizer.lr(), 1);
  scheduler.reset();
  optimizer.set_lr(4);
  scheduler.emplace(optimizer, harmonic());
  scheduler->step();
  EXPECT_EQ(optimizer.lr(), 2);
}

TEST(FollowedSchedule, ALateGroupStartsWhereTheOthersStand) {
  const Tensor first = parameter({0});
  const Tensor late = parameter({0});
  SGD optimizer({first}, {.lr = 1});
  LRScheduler scheduler(optimizer, harmonic());
  set_gradient(first, {1});
  for (int t = 0; t < 3; ++t) {
    optimizer.step();
    scheduler.step();
  }
  optimizer.add_param_group({{late}, {.lr = 8}});
  EXPECT_EQ(optimizer.lr(0), 0.25);
  EXPECT_EQ(optimizer.lr(1), 2);
  set_gradient(late, {1});
  optimizer.step();
  EXPECT_EQ(late.item(), -2);
  scheduler.step();
  EXPECT_EQ(optimizer.lr(1), 1.6);
}

TEST(FollowedSchedule, ALateParameterFollowsTheSchedule) {
  const Tensor first = parameter({0});
  const Tensor late = parameter({0});
  Adam optimizer({first, late}, {.lr = 1});
  LRScheduler scheduler(optimizer, harmonic());
  for (int t = 0; t < 99; ++t) {
    set_gradient(first, {1});
    optimizer.step();
    scheduler.step();
  }
  set_gradient(late, {1});
  optimizer.step();
  EXPECT_NEAR(late.item(), -0.01, 1e-9);  // lr of now, bias correction of t = 1
}

TEST(FollowedSchedule, DrivesTheMomentum) {
  const Tensor weight = parameter({0});
  SGD optimizer({weight}, {.lr = 1});  // without momentum of its own
  LRScheduler scheduler(optimizer, schedulers::cyclic({.base_lr = 1.0,
                                                       .max_lr = 2.0,
                                                       .step_size_up = 2,
                                                       .base_momentum = 0.5,
                                                       .max_momentum = 0.9}));
  EXPECT_EQ(optimizer.options().momentum, 0.9);
  set_gradient(weight, {1});
  optimizer.step();  // buffer 1, lr 1
  scheduler.step();
  EXPECT_DOUBLE_EQ(optimizer.options().momentum, 0.7);
  optimizer.step();  // buffer 1.7, lr 1.5
  EXPECT_DOUBLE_EQ(weight.item(), -1 - 1.5 * 1.7);
}

TEST(FollowedSchedule, DrivesTheMomentumOfALateGroup) {
  const Tensor late = parameter({0});
  SGD optimizer({parameter({0})}, {.lr = 1});
  LRScheduler scheduler(optimizer, schedulers::cyclic({.base_lr = 1.0,
                                                       .max_lr = 2.0,
                                                       .step_size_up = 2,
                                                       .base_momentum = 0.5,
                                                       .max_momentum = 0.9}));
  optimizer.add_param_group({{late}, {.lr = 1}});
  set_gradient(late, {1});
  optimizer.step();
  scheduler.step();
  optimizer.step();
  EXPECT_DOUBLE_EQ(late.item(), -1 - 1.5 * 1.7);  // as in DrivesTheMomentum
}

TEST(FollowedSchedule, RefusesABetaThatIsNone) {
  Adam optimizer({parameter({0})}, {.lr = 1});
  const Schedule schedule(
      "mine", [](std::int64_t, double lr) { return lr; },
      [](std::int64_t t) { return std::optional<double>(t == 0 ? 0.9 : 1.0); });
  LRScheduler scheduler(optimizer, schedule);
  expect_error<ValueError>(
      "LRScheduler: momentum 1 at t = 1 (group 0): must be finite and not negative, and below 1",
      [&] {
        scheduler.step();
        return 0;
      });
}

// What is logged while `program` runs on an optimizer with a warm-up from 0 and a scheduler.
template <class Program>
std::vector<std::string> logged(const Schedule& schedule, Program program) {
  const LogKeeper log;
  const Tensor weight = parameter({1});
  SGD optimizer({weight}, {.lr = 1});
  LRScheduler scheduler(optimizer, schedule);
  set_gradient(weight, {1});
  program(optimizer, scheduler);
  return log.texts;
}

TEST(SchedulerWarnings, TheFirstUpdateWithLearningRateZero) {
  const Schedule from_zero = schedulers::warmup(5, schedulers::WarmupConvention::zero_based);
  const auto texts = logged(from_zero, [](SGD& optimizer, LRScheduler& scheduler) {
    for (int t = 0; t < 3; ++t) {
      optimizer.step();
      scheduler.step();
    }
  });
  ASSERT_EQ(texts.size(), 1U);
  EXPECT_EQ(
      texts[0],
      "SGD: the first update runs with learning rate 0 (LRScheduler at t = 0) and leaves the "
      "parameters as they are: to avoid it, warm up with (t + 1) / W, as schedulers::warmup(W) "
      "does by default (WarmupConvention::one_based)");
}

TEST(SchedulerWarnings, NotWhereTheLearningRateWasMeantToBeZero) {
  const LogKeeper log;
  const Tensor weight = parameter({1});
  SGD optimizer({weight}, {.lr = 0});
  LRScheduler scheduler(optimizer, harmonic());
  set_gradient(weight, {1});
  optimizer.step();
  EXPECT_TRUE(log.texts.empty());
}

TEST(SchedulerWarnings, ThatThrowAreGivenOnce) {
  const Tensor weight = parameter({1});
  SGD optimizer({weight}, {.lr = 1});
  LRScheduler scheduler(optimizer, schedulers::warmup(5, schedulers::WarmupConvention::zero_based));
  set_gradient(weight, {1});
  set_log_callback([](LogLevel, const std::string& text) { throw std::runtime_error(text); });
  EXPECT_THROW(optimizer.step(), std::runtime_error);
  EXPECT_NO_THROW(optimizer.step());
  set_log_callback(nullptr);
}

TEST(SchedulerWarnings, TheSchedulerStepsFirst) {
  const auto texts = logged(harmonic(), [](SGD& optimizer, LRScheduler& scheduler) {
    for (int t = 0; t < 3; ++t) {
      scheduler.step();
      optimizer.step();
    }
  });
  ASSERT_EQ(texts.size(), 1U);
  EXPECT_EQ(
      texts[0],
      "LRScheduler: scheduler.step() was called before the first optimizer.step(), so the first "
      "value of the schedule was never used: call optimizer.step() first");
}

TEST(SchedulerWarnings, NoFalseAlarms) {
  using Strings = std::vector<std::string>;
  EXPECT_EQ(logged(harmonic(),
                   [](SGD& optimizer, LRScheduler& scheduler) {  // as it should be
                     for (int t = 0; t < 3; ++t) {
                       optimizer.step();
                       scheduler.step();
                     }
                   }),
            Strings());
  EXPECT_EQ(logged(harmonic(),
                   [](SGD& optimizer,
                      LRScheduler& scheduler) {  // the schedule was drawn, or wound forward
                     for (int t = 0; t < 50; ++t) scheduler.step();
                     optimizer.step();
                   }),
            Strings());
  EXPECT_EQ(logged(schedulers::warmup(5, schedulers::WarmupConvention::zero_based),
                   [](SGD& optimizer, LRScheduler& scheduler) {  // a resumed run
                     optimizer.load_state_dict(optimizer.state_dict());
                     scheduler.step();
                     optimizer.step();
                   }),
            Strings());
  EXPECT_EQ(logged(harmonic(),
                   [](SGD& optimizer, LRScheduler& scheduler) {  // a resumed schedule
                     scheduler.load_state_dict(scheduler.state_dict());
                     scheduler.step();
                     optimizer.step();
                   }),
            Strings());
  EXPECT_EQ(logged(harmonic(),
                   [](SGD& optimizer, LRScheduler& scheduler) {  // several at the end of an epoch
                     optimizer.step();
                     scheduler.step();
                     scheduler.step();
                     optimizer.step();
                   }),
            Strings());
}

TEST(SchedulerWarnings, AFrozenGroupIsNoMistake) {
  const LogKeeper log;
  const Tensor a = parameter({1});
  const Tensor b = parameter({1});
  SGD optimizer({{{a}, {.lr = 0}}, {{b}, {.lr = 1}}});
  set_gradient(a, {1});
  set_gradient(b, {1});
  optimizer.step();
  EXPECT_TRUE(log.texts.empty());
}

}  // namespace
}  // namespace kindling
