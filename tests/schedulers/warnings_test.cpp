// SPDX-License-Identifier: MIT
// The two mistakes that the user is told of, once, and what must not be taken for them.
#include "tests/schedulers/classes.h"

namespace kindling::golden {
namespace {

using schedulers::LambdaLR;
using schedulers::StepLR;
using Texts = std::vector<std::string>;

double zero_based(std::int64_t t) { return std::min(1.0, static_cast<double>(t) / 5); }

const std::string kFirstAtZero =
    "SGD: the first update runs with learning rate 0 (LambdaLR at t = 0) and leaves the parameters "
    "as they are: to avoid it, warm up with (t + 1) / W, as schedulers::warmup(W) does by default "
    "(WarmupConvention::one_based)";
const std::string kSchedulerFirst =
    "StepLR: scheduler.step() was called before the first optimizer.step(), so the first value of "
    "the schedule was never used: call optimizer.step() first";

TEST(SchedulerWarnings, TheFirstUpdateRunsWithLearningRateZero) {
  const test::LogKeeper log;
  SGDTraining training({0.1, 0.2});
  LambdaLR scheduler(training.optimizer, zero_based);
  EXPECT_EQ(log.texts, Texts{});
  for (int t = 0; t < 20; ++t) {
    training.optimizer.step();
    scheduler.step();
    EXPECT_EQ(log.texts, Texts{kFirstAtZero}) << "t = " << t;
  }
}

TEST(SchedulerWarnings, TheSchedulerStepsFirst) {
  const test::LogKeeper log;
  SGDTraining training({0.1});
  StepLR scheduler(training.optimizer, {.step_size = 3});
  for (int t = 0; t < 20; ++t) {
    scheduler.step();
    training.optimizer.step();
    EXPECT_EQ(log.texts, Texts{kSchedulerFirst}) << "t = " << t;
  }
}

TEST(SchedulerWarnings, EachOptimizerIsToldOf) {
  const test::LogKeeper log;
  for (int run = 0; run < 2; ++run) {
    SGDTraining training({0.1});
    LambdaLR scheduler(training.optimizer, zero_based);
    training.optimizer.step();
  }
  EXPECT_EQ(log.texts, (Texts{kFirstAtZero, kFirstAtZero}));
}

// Runs `train` and expects that nothing is said.
template <class Train>
void expect_silence(const char* what, Train train) {
  const test::LogKeeper log;
  SGDTraining training({0.1, 0.2});
  train(training.optimizer);
  EXPECT_EQ(log.texts, Texts{}) << what;
}

void make_steps(optim::SGD& optimizer, LRScheduler& scheduler) {
  for (int t = 0; t < 20; ++t) {
    optimizer.step();
    scheduler.step();
  }
}

TEST(SchedulerWarnings, NoFalseAlarmInTrainingsThatAreRight) {
  expect_silence("the default warm-up", [](optim::SGD& optimizer) {
    LRScheduler scheduler(optimizer, s::warmup(5));
    make_steps(optimizer, scheduler);
  });
  expect_silence("a learning rate of 0 later on", [](optim::SGD& optimizer) {
    s::PolynomialLR scheduler(optimizer, {.total_iters = 10});
    make_steps(optimizer, scheduler);
  });
  expect_silence("one group of two stands still at first", [](optim::SGD& optimizer) {
    LambdaLR scheduler(optimizer, {zero_based, [](std::int64_t) { return 1.0; }});
    make_steps(optimizer, scheduler);
  });
  expect_silence("the scheduler steps once an epoch", [](optim::SGD& optimizer) {
    StepLR scheduler(optimizer, {.step_size = 1});
    for (int epoch = 0; epoch < 3; ++epoch) {
      for (int batch = 0; batch < 4; ++batch) optimizer.step();
      scheduler.step();
    }
  });
  expect_silence("a scheduler that comes late", [](optim::SGD& optimizer) {
    optimizer.step();
    LambdaLR scheduler(optimizer, zero_based);
    scheduler.step();
    make_steps(optimizer, scheduler);
  });
  expect_silence("an optimizer without a scheduler", [](optim::SGD& optimizer) {
    for (int t = 0; t < 3; ++t) optimizer.step();
  });
  expect_silence("no parameter has a gradient yet", [](optim::SGD& optimizer) {
    optimizer.zero_grad();
    LambdaLR scheduler(optimizer, zero_based);
    optimizer.step();
  });
  expect_silence("a plateau that is fed before the first update", [](optim::SGD& optimizer) {
    s::ReduceLROnPlateau plateau(optimizer);
    plateau.step(1.0);
    optimizer.step();
  });
  expect_silence("a schedule that is drawn", [](optim::SGD& optimizer) {
    LambdaLR scheduler(optimizer, zero_based);
    for (int t = 0; t < 100; ++t) scheduler.step();
  });
  expect_silence("a schedule that is wound forward", [](optim::SGD& optimizer) {
    StepLR scheduler(optimizer, {.step_size = 10});
    for (int t = 0; t < 25; ++t) scheduler.step();
    make_steps(optimizer, scheduler);
  });
}

TEST(SchedulerWarnings, NoFalseAlarmInAResumedRun) {
  SGDTraining earlier({0.1, 0.2});
  StateDict optimizer_state;
  StateDict scheduler_state;
  {
    const test::LogKeeper quiet;
    LambdaLR scheduler(earlier.optimizer, zero_based);
    make_steps(earlier.optimizer, scheduler);
    optimizer_state = earlier.optimizer.state_dict();
    scheduler_state = scheduler.state_dict();
  }
  for (const bool scheduler_first : {false, true}) {
    expect_silence("resumed", [&](optim::SGD& optimizer) {
      LambdaLR scheduler(optimizer, zero_based);
      if (scheduler_first) scheduler.load_state_dict(scheduler_state);
      optimizer.load_state_dict(optimizer_state);
      if (!scheduler_first) scheduler.load_state_dict(scheduler_state);
      scheduler.step();
      optimizer.step();
    });
  }
}

}  // namespace
}  // namespace kindling::golden
