// SPDX-License-Identifier: MIT
#include "tests/schedulers/classes.h"
#include "tests/support/expect_error.h"

namespace kindling::golden {
namespace {

using schedulers::PlateauOptions;
using schedulers::ReduceLROnPlateau;
using test::expect_error;

Tensor scalar(double value) { return tensor(value, {.dtype = DType::float64}); }

PlateauOptions plateau_options(const Json& json) {
  PlateauOptions o;
  Options(json)
      .read("mode", o.mode)
      .read("factor", o.factor)
      .read("patience", o.patience)
      .read("threshold", o.threshold)
      .read("threshold_mode", o.threshold_mode)
      .read("cooldown", o.cooldown)
      .read("min_lr", o.min_lr)
      .read("eps", o.eps)
      .complete();
  return o;
}

// Gives all metrics of a case to `step`, and returns the learning rates of all groups after each.
template <class Step>
std::vector<std::vector<double>> replay(const Json& test, const Json& metrics, Step step) {
  SGDTraining training(test.at("base_lr").get<std::vector<double>>());
  ReduceLROnPlateau plateau(training.optimizer, plateau_options(test.at("options")));
  std::vector<std::vector<double>> lrs;
  for (std::size_t i = 0; i < metrics.size(); ++i) {
    training.optimizer.step();
    step(plateau, i, metric_of(metrics[i]));
    lrs.push_back(plateau.get_last_lr());
    EXPECT_EQ(plateau.last_epoch(), static_cast<std::int64_t>(i) + 1);
    for (std::size_t group = 0; group < lrs.back().size(); ++group) {
      const double lr = lrs.back()[group];
      EXPECT_TRUE(close(lr, test.at("lr").at(group).at(i)))
          << "metric " << i << " = " << metrics[i] << ", group " << group;
      EXPECT_EQ(training.optimizer.lr(group), lr);
      EXPECT_EQ(record_of(training.optimizer, group).lr.value, lr);
      EXPECT_EQ(record_of(training.optimizer, group).lr.rounded, static_cast<float>(lr));
      if (testing::Test::HasFailure()) return lrs;
    }
  }
  return lrs;
}

TEST(ReduceLROnPlateau, AgreesWithPyTorchInAllModesByDoubleAndByTensor) {
  const Json file = load("ReduceLROnPlateau");
  ASSERT_GE(file.at("cases").size(), 20U);
  for (const Json& test : file.at("cases")) {
    SCOPED_TRACE(test.at("metrics").get<std::string>() + " " + test.at("options").dump());
    const Json& metrics = file.at("metrics").at(test.at("metrics").get<std::string>());
    using Plateau = ReduceLROnPlateau;
    const auto by_double =
        replay(test, metrics, [](Plateau& plateau, std::size_t, double m) { plateau.step(m); });
    const auto by_tensor = replay(
        test, metrics, [](Plateau& plateau, std::size_t, double m) { plateau.step(scalar(m)); });
    const auto by_both = replay(test, metrics, [](Plateau& plateau, std::size_t i, double m) {
      i % 3 == 1 ? plateau.step(scalar(m)) : plateau.step(m);
    });
    EXPECT_EQ(by_double, by_tensor);
    EXPECT_EQ(by_double, by_both);
    if (HasFailure()) return;
  }
}

TEST(ReduceLROnPlateau, TakesALossOfEitherDtype) {
  SGDTraining training({0.5});
  ReduceLROnPlateau plateau(training.optimizer, {.factor = 0.5, .patience = 0});
  plateau.step(tensor(1.0));
  plateau.step(ones({1, 1}, {.dtype = DType::float64}));
  EXPECT_EQ(training.optimizer.lr(), 0.25);
}

TEST(ReduceLROnPlateau, ScalesTheBaseOfAScheduler) {
  for (const bool plateau_first : {false, true}) {
    SGDTraining training({0.8, 0.4});
    optim::SGD& optimizer = training.optimizer;
    std::unique_ptr<ReduceLROnPlateau> plateau;
    const PlateauOptions options{.factor = 0.5, .patience = 0, .min_lr = {0.1, 0.2}};
    if (plateau_first) plateau = std::make_unique<ReduceLROnPlateau>(optimizer, options);
    schedulers::StepLR scheduler(optimizer, {.step_size = 2, .gamma = 0.25});
    if (!plateau_first) plateau = std::make_unique<ReduceLROnPlateau>(optimizer, options);

    plateau->step(1.0);
    EXPECT_EQ(scheduler.get_last_lr(), (std::vector<double>{0.8, 0.4}));
    plateau->step(1.0);  // at once, at the t where the schedule is
    EXPECT_EQ(scheduler.get_last_lr(), (std::vector<double>{0.4, 0.2}));
    EXPECT_EQ(plateau->get_last_lr(), scheduler.get_last_lr());
    EXPECT_EQ(scheduler.last_epoch(), 0);
    scheduler.step();
    EXPECT_EQ(optimizer.lr(), 0.4);
    scheduler.step();
    EXPECT_EQ(optimizer.lr(0), 0.1);
    EXPECT_EQ(optimizer.lr(1), 0.05);
    plateau->step(1.0);  // the second group's base is at its min_lr
    EXPECT_EQ(scheduler.get_last_lr(), (std::vector<double>{0.05, 0.05}));
    EXPECT_EQ(record_of(optimizer).lr.value, 0.05);
    EXPECT_EQ(scheduler.lr_at(0), 0.2);
    for (int t = 3; t <= 300; ++t) {
      scheduler.step();
      for (std::size_t group = 0; group < 2; ++group) {
        ASSERT_EQ(record_of(optimizer, group).lr.value, scheduler.lr_at(t, group));
      }
    }
  }
}

TEST(ReduceLROnPlateau, WhatItReducedIsTheBaseOfALaterScheduler) {
  for (const bool by_tensor : {false, true}) {
    SGDTraining training({0.8, 0.4});
    ReduceLROnPlateau plateau(training.optimizer, {.factor = 0.5, .patience = 0});
    for (int i = 0; i < 2; ++i) by_tensor ? plateau.step(scalar(1.0)) : plateau.step(1.0);
    schedulers::StepLR scheduler(training.optimizer, {.step_size = 1, .gamma = 0.5});
    EXPECT_EQ(scheduler.get_last_lr(), (std::vector<double>{0.4, 0.2}));
    scheduler.step();
    EXPECT_EQ(scheduler.get_last_lr(), (std::vector<double>{0.2, 0.1}));
  }
}

TEST(ReduceLROnPlateau, AGroupThatIsAddedJoinsIn) {
  for (const bool by_tensor : {false, true}) {
    SGDTraining training({0.8});
    ReduceLROnPlateau plateau(training.optimizer, {.factor = 0.5, .patience = 1});
    const auto feed = [&] { by_tensor ? plateau.step(scalar(1.0)) : plateau.step(1.0); };
    feed();
    feed();
    training.optimizer.add_param_group({{test::parameter({1})}, {.lr = 0.4}});
    feed();
    EXPECT_EQ(plateau.get_last_lr(), (std::vector<double>{0.4, 0.2}));
    EXPECT_EQ(plateau.last_epoch(), 3);
  }
}

TEST(ReduceLROnPlateau, LeavesAbsoluteSchedulesAlone) {
  SGDTraining training({0.8});
  schedulers::OneCycleLR scheduler(training.optimizer, {.max_lr = 0.5, .total_steps = 100});
  ReduceLROnPlateau plateau(training.optimizer, {.factor = 0.5, .patience = 0});
  const double lr = training.optimizer.lr();
  for (int i = 0; i < 5; ++i) plateau.step(1.0);
  EXPECT_EQ(training.optimizer.lr(), lr);
}

TEST(ReduceLROnPlateau, ResumesAnywhere) {
  for (const bool by_tensor : {false, true}) {
    const auto feed = [&](ReduceLROnPlateau& plateau, int i) {
      const int drops = i / 6;
      const double metric = 1.0 / (1 + drops) + 0.01 * (i % 5);
      by_tensor ? plateau.step(scalar(metric)) : plateau.step(metric);
    };
    const PlateauOptions options{.factor = 0.9, .patience = 2, .cooldown = 1};
    for (const int stop : {0, 1, 7, 8, 9, 10, 25}) {
      SGDTraining unbroken({0.1, 0.2});
      SGDTraining resumed({1.0, 1.0});
      ReduceLROnPlateau first(unbroken.optimizer, options);
      ReduceLROnPlateau second(resumed.optimizer, options);
      for (int i = 0; i < stop; ++i) feed(first, i);
      resumed.optimizer.load_state_dict(unbroken.optimizer.state_dict());
      second.load_state_dict(first.state_dict());
      EXPECT_EQ(second.last_epoch(), stop);
      for (int i = stop; i < 60; ++i) {
        feed(first, i);
        feed(second, i);
        ASSERT_EQ(first.get_last_lr(), second.get_last_lr()) << stop << ", metric " << i;
      }
      EXPECT_LT(first.get_last_lr()[0], 0.05);
    }
  }
}

TEST(ReduceLROnPlateau, RefusesOptionsOutOfRange) {
  SGDTraining training({0.1, 0.2});
  const auto refuses = [&](const std::string& text, const PlateauOptions& options) {
    expect_error<ValueError>(text, [&] { return ReduceLROnPlateau(training.optimizer, options); });
  };
  refuses(R"(ReduceLROnPlateau: mode "least": must be one of "min", "max")", {.mode = "least"});
  refuses(R"(ReduceLROnPlateau: threshold_mode "": must be one of "rel", "abs")",
          {.threshold_mode = ""});
  refuses("ReduceLROnPlateau: factor 1: must be at least 0 and below 1", {.factor = 1});
  refuses("ReduceLROnPlateau: factor -0.5: must be at least 0 and below 1", {.factor = -0.5});
  refuses("ReduceLROnPlateau: patience -1: must be at least 0", {.patience = -1});
  refuses("ReduceLROnPlateau: threshold nan: must be finite", {.threshold = std::nan("")});
  refuses("ReduceLROnPlateau: cooldown -3: must be at least 0", {.cooldown = -3});
  refuses("ReduceLROnPlateau: eps -1: must be finite and not negative", {.eps = -1});
  refuses("ReduceLROnPlateau: min_lr -1: must be finite and not negative", {.min_lr = -1.0});
  refuses(
      "ReduceLROnPlateau: min_lr has 3 values: 2 parameter groups: give one value, or one per "
      "group",
      {.min_lr = {0.1, 0.1, 0.1}});
  const ReduceLROnPlateau accepted(training.optimizer);
  EXPECT_EQ(accepted.get_last_lr(), (std::vector<double>{0.1, 0.2}));
}

TEST(ReduceLROnPlateau, RefusesMetricsThatAreNone) {
  SGDTraining training({0.1});
  ReduceLROnPlateau plateau(training.optimizer);
  const auto refuses = [&]<class E>(E*, const std::string& text, const Tensor& metric) {
    expect_error<E>(text, [&] {
      plateau.step(metric);
      return 0;
    });
    EXPECT_EQ(plateau.last_epoch(), 0);
  };
  refuses(static_cast<ShapeError*>(nullptr),
          "ReduceLROnPlateau: metric of shape [2]: must have one element", ones({2}));
  refuses(static_cast<ValueError*>(nullptr), test::undefined("ReduceLROnPlateau"), Tensor());
  schedulers::StepLR scheduler(training.optimizer, {.step_size = 2});
  refuses(static_cast<ValueError*>(nullptr),
          "ReduceLROnPlateau: a metric in a tensor, beside the scheduler StepLR: the device cannot "
          "evaluate a schedule anew: use step(metric.item())",
          tensor(1.0));
}

TEST(ReduceLROnPlateau, IsOneAtATime) {
  SGDTraining training({0.1});
  auto first = std::make_unique<ReduceLROnPlateau>(training.optimizer);
  expect_error<ValueError>(
      "ReduceLROnPlateau: the optimizer already has one: keep that one; schedules are combined by "
      "ChainedScheduler",
      [&] { return ReduceLROnPlateau(training.optimizer); });
  first.reset();
  const ReduceLROnPlateau second(training.optimizer);
  EXPECT_EQ(second.last_epoch(), 0);
}

TEST(ReduceLROnPlateau, AnotherMayTakeItsPlace) {
  SGDTraining left({0.5});
  SGDTraining right({0.5});
  ReduceLROnPlateau plateau(left.optimizer, {.factor = 0.5, .patience = 0});
  plateau = ReduceLROnPlateau(right.optimizer, {.factor = 0.25, .patience = 0});
  plateau.step(1.0);
  plateau.step(1.0);
  EXPECT_EQ(left.optimizer.lr(), 0.5);
  EXPECT_EQ(right.optimizer.lr(), 0.125);
  EXPECT_NO_THROW(ReduceLROnPlateau(left.optimizer, {}));
}

TEST(ReduceLROnPlateau, OutlivesTheOptimizer) {
  auto training = std::make_unique<SGDTraining>(std::vector<double>{0.5});
  ReduceLROnPlateau plateau(training->optimizer, {.factor = 0.5, .patience = 0});
  training.reset();
  plateau.step(1.0);
  plateau.step(1.0);
  plateau.step(scalar(1.0));
  EXPECT_EQ(plateau.get_last_lr(), std::vector<double>{0.125});
  ReduceLROnPlateau moved = std::move(plateau);
  EXPECT_EQ(moved.last_epoch(), 3);
  // NOLINTNEXTLINE(bugprone-use-after-move): that is the question
  const auto use = [&] { return plateau.last_epoch(); };
  expect_error<ValueError>(
      "ReduceLROnPlateau: this one was moved from: use the one that it was moved to", use);
}

}  // namespace
}  // namespace kindling::golden
