// SPDX-License-Identifier: MIT

#include "tests/schedulers/classes.h"

#include <cmath>
#include <optional>

namespace kindling::golden {
namespace {

using schedulers::LambdaLR;
using schedulers::StepLR;
using schedulers::StepOptions;

TEST(Scheduler, TakesALambdaAsPyTorchDoes) {
  SGDTraining training({0.1});
  LambdaLR scheduler(training.optimizer,
                     [](std::int64_t step) { return std::min(1.0, double(step) / 5.0); });
  std::vector<double> lrs = scheduler.get_last_lr();
  for (int step = 0; step < 6; ++step) {
    scheduler.step();
    lrs.push_back(training.optimizer.lr());
  }
  EXPECT_EQ(lrs, (std::vector<double>{0, 0.1 * 0.2, 0.1 * 0.4, 0.1 * 0.6, 0.1 * 0.8, 0.1, 0.1}));
}

TEST(Scheduler, EveryUpdateIsMadeWithTheValueOfItsStep) {
  SGDTraining training({0.5, 0.125});
  LambdaLR scheduler(training.optimizer, {[](std::int64_t t) { return 1.0 / double(t + 1); },
                                          [](std::int64_t t) { return double(t % 3); }});
  for (std::int64_t t = 0; t < 200; ++t) {
    const std::vector<double> before = {training.weights[0][0].item(),
                                        training.weights[1][0].item()};
    training.optimizer.step();
    for (std::size_t group = 0; group < 2; ++group) {
      const double moved = scheduler.lr_at(t, group);  // times the gradient, 1
      ASSERT_EQ(training.weights[group][0].item(), before[group] - moved) << "t = " << t;
    }
    scheduler.step();
  }
}

TEST(Scheduler, EveryRecordOfAGroupFollows) {
  const std::vector<Tensor> weights = {test::parameter({1}), test::parameter({2})};
  optim::AdamW optimizer(weights, {.lr = 0.1});
  StepLR scheduler(optimizer, {.step_size = 3, .gamma = 0.5});
  test::set_gradient(weights[0], {1});
  for (int t = 0; t < 5; ++t) {
    optimizer.step();
    scheduler.step();
  }
  test::set_gradient(weights[1], {1});  // from here on the two have their own count of updates
  for (int t = 5; t < 300; ++t) {
    optimizer.step();
    scheduler.step();
    const detail::Records& records = optimizer.state()->records();
    ASSERT_EQ(records.count(), 2U);
    for (const math::GroupRecord& record : records.fetch())
      ASSERT_EQ(record.lr.value, scheduler.lr_at(t + 1));
  }
}

TEST(Scheduler, AScheduleOfOnesOwnIsAttachedByTheBase) {
  AdamTraining training({0.1, 0.2});
  LRScheduler scheduler(training.optimizer, s::warmup(4).then(s::cosine({.T_max = 10})) *
                                                s::exponential({.gamma = 0.9}));
  EXPECT_EQ(scheduler.get_last_lr(), (std::vector<double>{0.1 / 4, 0.2 / 4}));
  scheduler.step();
  EXPECT_EQ(scheduler.get_last_lr(), (std::vector<double>{0.1 * 0.5 * 0.9, 0.2 * 0.5 * 0.9}));
}

TEST(Scheduler, MomentumIsDrivenWhereTheOptimizerHadNone) {
  SGDTraining training({0.1});
  s::CyclicLR scheduler(training.optimizer, {.base_lr = 0.1, .max_lr = 0.2, .step_size_up = 2});
  EXPECT_EQ(momentum_of(training.optimizer), 0.9);
  training.optimizer.step();
  training.optimizer.step();
  // 1 - 0.1 * 1 - 0.1 * (0.9 * 1 + 1)
  EXPECT_NEAR(training.weights[0][0].item(), 0.71, 1e-15);
}

TEST(Scheduler, MomentumIsLeftAloneUnlessItIsCycled) {
  AdamTraining training({0.1});
  s::OneCycleLR scheduler(training.optimizer,
                          {.max_lr = 0.2, .total_steps = 10, .cycle_momentum = false});
  for (int t = 0; t < 20; ++t) scheduler.step();
  EXPECT_EQ(momentum_of(training.optimizer), 0.9);
  EXPECT_EQ(scheduler.get_last_lr()[0], scheduler.lr_at(9));  // past its end
}

TEST(Scheduler, LookingAheadChangesNothing) {
  SGDTraining training({0.1});
  StepLR scheduler(training.optimizer, {.step_size = 5});
  EXPECT_DOUBLE_EQ(scheduler.lr_at(7), 0.01);
  EXPECT_THROW(scheduler.lr_at(-1), ValueError);
  EXPECT_EQ(scheduler.last_epoch(), 0);
  EXPECT_EQ(training.optimizer.lr(), 0.1);
}

TEST(Scheduler, SetLrHoldsUntilTheNextStep) {
  SGDTraining training({0.1});
  StepLR scheduler(training.optimizer, {.step_size = 5});
  training.optimizer.set_lr(0.75);
  EXPECT_EQ(scheduler.get_last_lr(), std::vector<double>{0.75});
  scheduler.step();
  EXPECT_EQ(training.optimizer.lr(), 0.1);
}

TEST(Scheduler, AGroupThatIsAddedJoinsIn) {
  SGDTraining training({0.1, 0.2});
  StepLR scheduler(training.optimizer, {.step_size = 2, .gamma = 0.5});
  for (int t = 0; t < 3; ++t) scheduler.step();
  training.optimizer.add_param_group({{test::parameter({1})}, {.lr = 0.8}});
  EXPECT_EQ(scheduler.get_last_lr(), (std::vector<double>{0.05, 0.1, 0.4}));
  scheduler.step();
  EXPECT_EQ(scheduler.get_last_lr(), (std::vector<double>{0.025, 0.05, 0.2}));
  EXPECT_EQ(record_of(training.optimizer, 2).lr.value, 0.2);
}

TEST(Scheduler, OutlivesTheOptimizer) {
  auto training = std::make_unique<SGDTraining>(std::vector<double>{0.1});
  const Tensor weight = training->weights[0];
  StepLR scheduler(training->optimizer, {.step_size = 2, .gamma = 0.5});
  training.reset();
  for (int t = 0; t < 200; ++t) scheduler.step();
  EXPECT_EQ(scheduler.last_epoch(), 200);
  EXPECT_EQ(scheduler.get_last_lr()[0], scheduler.lr_at(200));
  EXPECT_EQ(weight[0].item(), 1);
}

TEST(Scheduler, LeavesItsValuesBehindAndItsPlaceToAnother) {
  SGDTraining training({0.1});
  auto scheduler = std::make_unique<StepLR>(training.optimizer, StepOptions{.step_size = 1});
  scheduler->step();
  const double lr = training.optimizer.lr();
  scheduler.reset();
  training.optimizer.step();
  EXPECT_EQ(training.optimizer.lr(), lr);
  EXPECT_EQ(training.weights[0][0].item(), 1 - lr);
  s::ConstantLR next(training.optimizer, {.factor = 0.5});
  EXPECT_EQ(training.optimizer.lr(), 0.05);  // the base is the optimizer's own, as in PyTorch
}

TEST(Scheduler, BothMayBeMoved) {
  SGDTraining training({0.1});
  std::optional<StepLR> first(std::in_place, training.optimizer, StepOptions{.step_size = 1});
  StepLR second = std::move(*first);
  first.reset();
  optim::SGD moved = std::move(training.optimizer);
  second.step();
  EXPECT_EQ(moved.lr(), second.lr_at(1));
}

TEST(Scheduler, AnotherMayTakeItsPlace) {
  SGDTraining left({0.1});
  SGDTraining right({0.4});
  s::LRScheduler scheduler(left.optimizer, s::exponential({.gamma = 0.5}));
  scheduler.step();
  scheduler = s::LRScheduler(right.optimizer, s::exponential({.gamma = 0.25}));
  EXPECT_EQ(left.optimizer.lr(), 0.05);  // its schedule has ended
  scheduler.step();
  EXPECT_EQ(left.optimizer.lr(), 0.05);
  EXPECT_EQ(right.optimizer.lr(), 0.1);
  EXPECT_NO_THROW(s::LRScheduler(left.optimizer, s::exponential({.gamma = 0.5})));
}

}  // namespace
}  // namespace kindling::golden
