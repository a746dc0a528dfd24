// SPDX-License-Identifier: MIT
// The scheduler classes, at work on real optimizers, against PyTorch's.
#include "tests/schedulers/classes.h"

#include <cmath>

namespace kindling::golden {
namespace {

// The rate is rounded by the kernel that advances the schedule, and kernels flush subnormals.
float rounded_in_a_kernel(double lr) {
  const auto rounded = static_cast<float>(lr);
  return std::fpclassify(rounded) == FP_SUBNORMAL ? 0.0F : rounded;
}

void expect_record(const optim::Optimizer& optimizer, std::size_t group, std::int64_t t,
                   double lr) {
  const math::GroupRecord record = record_of(optimizer, group);
  ASSERT_EQ(record.lr.value, lr);
  ASSERT_EQ(record.lr.rounded, rounded_in_a_kernel(lr));
  ASSERT_EQ(optimizer.state()->clock().index(), t);
  ASSERT_EQ(record.updates, t);
  if (!record.adam) return;
  const double bias = 1.0 - std::pow(record.momentum.value, static_cast<double>(t + 1));
  // The power functions of CPU and GPU may differ in the last place.
  const double tolerance = default_device().is_cuda() ? 1e-13 * lr / bias : 0;
  ASSERT_NEAR(record.step_size.value, lr / bias, tolerance);
}

// Everything that can be seen of group `group` once t steps of optimizer and scheduler are made.
template <class Optimizer>
void expect_values(const Json& test, const Schedule& pure, const Optimizer& optimizer,
                   const LRScheduler& scheduler, std::size_t group, std::size_t t,
                   double own_momentum) {
  const auto steps = static_cast<std::int64_t>(t);
  const double lr = pure(steps, test.at("base_lr").at(group));
  ASSERT_TRUE(close(lr, test.at("lr").at(group).at(t)));
  ASSERT_EQ(optimizer.lr(group), lr);
  ASSERT_EQ(optimizer.options(group).lr, lr);
  ASSERT_EQ(scheduler.get_last_lr().at(group), lr);
  ASSERT_EQ(scheduler.lr_at(steps, group), lr);
  ASSERT_EQ(scheduler.last_epoch(), steps);

  const double momentum = momentum_of(optimizer, group);
  if (test.contains("momentum")) {
    ASSERT_TRUE(close(momentum, test.at("momentum").at(group).at(t)));
  } else {
    ASSERT_EQ(momentum, own_momentum);
  }
  ASSERT_EQ(record_of(optimizer, group).momentum.value, momentum);
  ASSERT_EQ(record_of(optimizer, group).momentum.rounded, static_cast<float>(momentum));
  expect_record(optimizer, group, steps, lr);
}

template <class TrainingType>
void replay(const SchedulerClass& which, const Json& test, TrainingType training) {
  auto& optimizer = training.optimizer;
  const double own_momentum = momentum_of(optimizer);
  const std::size_t groups = optimizer.group_count();
  std::vector<Schedule> pure;
  for (std::size_t group = 0; group < groups; ++group) {
    pure.push_back(schedule(which.name, test.at("options"), group, groups));
  }
  const auto scheduler = which.attach(optimizer, test.at("options"));
  const std::size_t steps = test.at("lr").at(0).size();
  for (std::size_t t = 0; t < steps; ++t) {
    for (std::size_t group = 0; group < groups; ++group) {
      expect_values(test, pure[group], optimizer, *scheduler, group, t, own_momentum);
      if (testing::Test::HasFatalFailure()) {
        FAIL() << "t = " << t << ", group " << group;
      }
    }
    optimizer.step();
    scheduler->step();
  }
}

class GoldenClass : public testing::TestWithParam<SchedulerClass> {};

TEST_P(GoldenClass, DrivesOptimizersAsPyTorchDoes) {
  const SchedulerClass& which = GetParam();
  const test::LogKeeper quiet;  // some of the cases begin at 0
  const Json file = load(which.name);
  for (const Json& test : file.at("cases")) {
    SCOPED_TRACE(test.at("options").dump());
    const std::vector<double> lrs = test.at("base_lr");
    replay(which, test, SGDTraining(lrs, {.momentum = 0.5}));
    replay(which, test, AdamTraining(lrs));
    if (HasFatalFailure()) return;
  }
}

INSTANTIATE_TEST_SUITE_P(Schedulers, GoldenClass, testing::ValuesIn(kClasses), class_name);

}  // namespace
}  // namespace kindling::golden
