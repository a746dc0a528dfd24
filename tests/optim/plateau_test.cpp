// SPDX-License-Identifier: MIT
// ReduceLROnPlateau at work; its rule against PyTorch's is in tests/schedulers.
#include <kindling/optim/optimizers.h>
#include <kindling/schedulers/function.h>
#include <kindling/schedulers/lr_scheduler.h>
#include <kindling/schedulers/reduce_lr_on_plateau.h>

#include "tests/optim/training.h"
#include "tests/support/expect_error.h"

#include <gtest/gtest.h>

#include <cmath>
#include <optional>
#include <string>
#include <vector>

namespace kindling {
namespace {

using optim::SGD;
using schedulers::LRScheduler;
using schedulers::ReduceLROnPlateau;
using test::expect_error;
using test::parameter;
using test::set_gradient;

// A metric that improves, stalls, and improves again.
double metric(int t) { return t < 10 ? 10.0 - t : t < 40 ? 1.0 : 40.0 / (t + 1); }

TEST(Plateau, HostAndDeviceAgree) {
  const Tensor a = parameter({1});
  const Tensor b = parameter({1});
  const Tensor c = parameter({1});
  const Tensor d = parameter({1});
  SGD on_host({{{a}, {.lr = 1}}, {{b}, {.lr = 0.5}}});
  SGD on_device({{{c}, {.lr = 1}}, {{d}, {.lr = 0.5}}});
  const schedulers::PlateauOptions options{
      .factor = 0.5, .patience = 2, .cooldown = 1, .min_lr = {0.01, 0.1}};
  ReduceLROnPlateau host(on_host, options);
  ReduceLROnPlateau device(on_device, options);
  for (int t = 0; t < 60; ++t) {
    host.step(metric(t));
    device.step(tensor(metric(t), {.dtype = DType::float64}));
    ASSERT_EQ(host.get_last_lr(), device.get_last_lr()) << t;
  }
  EXPECT_LT(on_host.lr(0), 0.2);
  EXPECT_EQ(on_host.lr(1), 0.1);
  EXPECT_EQ(host.last_epoch(), 60);
  const StateDict first = host.state_dict();
  const StateDict second = device.state_dict();
  for (std::size_t i = 0; i < first.size(); ++i) {
    EXPECT_EQ(first[i].first, second[i].first);
    EXPECT_EQ(first[i].second.item(), second[i].second.item()) << first[i].first;
  }
}

TEST(Plateau, OnTheDeviceReachesParametersThatParted) {
  const Tensor a = parameter({0});
  const Tensor b = parameter({0});
  SGD optimizer({a, b}, {.lr = 1});
  set_gradient(a, {1});
  optimizer.step();  // b parts from a
  ReduceLROnPlateau plateau(optimizer, {.factor = 0.5, .patience = 0});
  for (int t = 0; t < 2; ++t) plateau.step(tensor(1.0));
  set_gradient(b, {1});
  optimizer.step();
  EXPECT_EQ(a.item(), -1.5);
  EXPECT_EQ(b.item(), -0.5);
  EXPECT_EQ(optimizer.lr(), 0.5);
}

TEST(Plateau, ScalesTheBaseOfASchedule) {
  SGD optimizer({parameter({1})}, {.lr = 1});
  LRScheduler scheduler(optimizer, schedulers::lambda([](std::int64_t t) {
                          return 1.0 / static_cast<double>(t + 1);
                        }));
  ReduceLROnPlateau plateau(optimizer, {.factor = 0.5, .patience = 0});
  plateau.step(1.0);
  scheduler.step();
  EXPECT_EQ(optimizer.lr(), 0.5);
  plateau.step(1.0);
  EXPECT_EQ(optimizer.lr(), 0.25);
  scheduler.step();
  EXPECT_DOUBLE_EQ(optimizer.lr(), 0.5 / 3);
  EXPECT_DOUBLE_EQ(scheduler.lr_at(3), 0.125);
}

TEST(Plateau, ATensorBesideASchedulerIsRefused) {
  SGD optimizer({parameter({1})}, {.lr = 1});
  const LRScheduler scheduler(optimizer, schedulers::lambda([](std::int64_t) { return 1.0; }));
  ReduceLROnPlateau plateau(optimizer);
  expect_error<ValueError>(
      "ReduceLROnPlateau: a metric in a tensor, beside the scheduler LRScheduler: the device "
      "cannot "
      "evaluate a schedule anew: use step(metric.item())",
      [&] {
        plateau.step(tensor(1.0));
        return 0;
      });
  EXPECT_EQ(plateau.last_epoch(), 0);
}

TEST(Plateau, RefusesWhatIsNoMetric) {
  SGD optimizer({parameter({1})}, {.lr = 1});
  ReduceLROnPlateau plateau(optimizer);
  expect_error<ShapeError>("ReduceLROnPlateau: metric of shape [2]: must have one element", [&] {
    plateau.step(ones({2}));
    return 0;
  });
}

TEST(Plateau, OneAtATime) {
  SGD optimizer({parameter({1})}, {.lr = 1});
  std::optional<ReduceLROnPlateau> first(std::in_place, optimizer);
  expect_error<ValueError>(
      "ReduceLROnPlateau: the optimizer already has one: keep that one; schedules are combined by "
      "ChainedScheduler",
      [&] { return ReduceLROnPlateau(optimizer); });
  first.reset();
  const ReduceLROnPlateau second(optimizer);
}

TEST(Plateau, OptionsOutOfRange) {
  SGD optimizer({parameter({1})}, {.lr = 1});
  const auto refused = [&](const std::string& text, const schedulers::PlateauOptions& options) {
    expect_error<ValueError>(text, [&] { return ReduceLROnPlateau(optimizer, options); });
  };
  refused("ReduceLROnPlateau: mode \"mean\": must be one of \"min\", \"max\"", {.mode = "mean"});
  refused("ReduceLROnPlateau: threshold_mode \"\": must be one of \"rel\", \"abs\"",
          {.threshold_mode = ""});
  refused("ReduceLROnPlateau: factor 1: must be at least 0 and below 1", {.factor = 1});
  refused("ReduceLROnPlateau: patience -1: must be at least 0", {.patience = -1});
  refused("ReduceLROnPlateau: cooldown -1: must be at least 0", {.cooldown = -1});
  refused("ReduceLROnPlateau: min_lr -1: must be finite and not negative", {.min_lr = -1.0});
  const ReduceLROnPlateau plateau(optimizer);  // none of these took the place
}

TEST(Plateau, AMetricOnTheHostFollowsThoseOnTheDevice) {
  SGD optimizer({parameter({1})}, {.lr = 1});
  ReduceLROnPlateau plateau(optimizer, {.factor = 0.5, .patience = 0});
  plateau.step(tensor(1.0));
  plateau.step(tensor(1.0));  // 0.5
  plateau.step(1.0);          // and from there
  EXPECT_EQ(optimizer.lr(), 0.25);
  optimizer.set_lr(1);
  plateau.step(tensor(1.0));
  EXPECT_EQ(optimizer.lr(), 0.5);
  const LRScheduler later(optimizer, schedulers::lambda([](std::int64_t) { return 0.5; }));
  EXPECT_EQ(optimizer.lr(), 0.25);  // of the base that the plateau left
}

TEST(Plateau, StateDictHasItsMemoryAndNothingElse) {
  SGD optimizer({parameter({1})}, {.lr = 1});
  ReduceLROnPlateau plateau(optimizer);
  plateau.step(2.0);
  std::vector<std::string> names;
  for (const auto& [name, value] : plateau.state_dict()) names.push_back(name);
  EXPECT_EQ(names,
            (std::vector<std::string>{"best", "num_bad_epochs", "cooldown_counter", "last_epoch"}));
}

TEST(Plateau, ResumesExactly) {
  SGD first({parameter({1})}, {.lr = 1});
  SGD second({parameter({1})}, {.lr = 1});
  const schedulers::PlateauOptions options{.factor = 0.5, .patience = 3, .cooldown = 2};
  ReduceLROnPlateau unbroken(first, options);
  ReduceLROnPlateau resumed(second, options);
  for (int t = 0; t < 17; ++t) unbroken.step(metric(t));
  second.load_state_dict(first.state_dict());
  resumed.load_state_dict(unbroken.state_dict());
  for (int t = 17; t < 60; ++t) {
    unbroken.step(metric(t));
    resumed.step(metric(t));
    EXPECT_EQ(unbroken.get_last_lr(), resumed.get_last_lr());
  }
  EXPECT_LT(first.lr(), 0.1);
}

TEST(Plateau, ResumesTheBaseItScaled) {
  const auto schedule = [] {
    return schedulers::lambda([](std::int64_t t) { return 1.0 / static_cast<double>(t + 1); });
  };
  SGD first({parameter({1})}, {.lr = 1});
  LRScheduler unbroken(first, schedule());
  ReduceLROnPlateau plateau(first, {.factor = 0.5, .patience = 0});
  plateau.step(1.0);
  plateau.step(1.0);
  unbroken.step();
  SGD second({parameter({1})}, {.lr = 1});
  LRScheduler resumed(second, schedule());
  second.load_state_dict(first.state_dict());
  resumed.load_state_dict(unbroken.state_dict());
  for (int t = 0; t < 100; ++t) {
    unbroken.step();
    resumed.step();
    EXPECT_EQ(first.lr(), second.lr());
  }
  EXPECT_DOUBLE_EQ(first.lr(), 0.5 / 102);
}

}  // namespace
}  // namespace kindling
