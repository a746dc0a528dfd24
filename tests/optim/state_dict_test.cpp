// SPDX-License-Identifier: MIT
#include <kindling/core/capture.h>
#include <kindling/optim/optimizers.h>
#include <kindling/schedulers/cosine.h>
#include <kindling/schedulers/lr_scheduler.h>

#include "tests/optim/training.h"
#include "tests/support/expect_error.h"

#include <gtest/gtest.h>

#include <cmath>
#include <memory>
#include <utility>

namespace kindling {
namespace {

using optim::Adam;
using optim::AdamW;
using optim::SGD;
using schedulers::LRScheduler;
using test::expect_error;
using test::parameter;
using test::set_gradient;
using test::values;

// Two groups, a parameter whose gradients come late, and a schedule.
template <class Optimizer, class Options>
struct Run {
  std::vector<Tensor> weights = {parameter({1, -2, 3}), parameter({0.5}), parameter({4, 5})};
  Optimizer optimizer;
  LRScheduler scheduler;

  explicit Run(const Options& options)
      : optimizer({{{weights[0], weights[1]}, options}, {{weights[2]}, Options{.lr = 0.05}}}),
        scheduler(optimizer, schedulers::cosine({.T_max = 40})) {}

  void step(int t) {
    optimizer.zero_grad();
    for (std::size_t i = 0; i < weights.size(); ++i) {
      if (i == 1 && t < 7) continue;
      const Tensor loss = (weights[i] * weights[i]).sum() * (1.0 + 0.1 * t);
      loss.backward();
    }
    optimizer.step();
    scheduler.step();
  }
};

template <class Optimizer, class Options>
void expect_resumed_equals_unbroken(const Options& options) {
  for (const bool scheduler_first : {false, true}) {
    Run<Optimizer, Options> unbroken(options);
    Run<Optimizer, Options> resumed(options);
    for (int t = 0; t < 12; ++t) unbroken.step(t);
    unbroken.optimizer.set_lr(0.0625, 1);  // until the next scheduler.step()
    for (std::size_t i = 0; i < unbroken.weights.size(); ++i) {
      resumed.weights[i].detach().copy_(unbroken.weights[i].detach());
    }
    const StateDict optimizer_state = unbroken.optimizer.state_dict();
    const StateDict scheduler_state = unbroken.scheduler.state_dict();
    if (scheduler_first) resumed.scheduler.load_state_dict(scheduler_state);
    resumed.optimizer.load_state_dict(optimizer_state);
    if (!scheduler_first) resumed.scheduler.load_state_dict(scheduler_state);
    EXPECT_EQ(resumed.scheduler.last_epoch(), 12);
    EXPECT_EQ(resumed.optimizer.lr(1), 0.0625);
    for (int t = 12; t < 90; ++t) {
      unbroken.step(t);
      resumed.step(t);
    }
    for (std::size_t i = 0; i < unbroken.weights.size(); ++i) {
      EXPECT_EQ(values(unbroken.weights[i]), values(resumed.weights[i])) << "parameter " << i;
    }
    EXPECT_EQ(unbroken.optimizer.lr(), resumed.optimizer.lr());
  }
}

TEST(OptimizerStateDict, AResumedRunEqualsTheUnbrokenOne) {
  expect_resumed_equals_unbroken<SGD, optim::SGDOptions>(
      {.lr = 0.01, .momentum = 0.9, .dampening = 0.1, .weight_decay = 0.01});
  expect_resumed_equals_unbroken<Adam, optim::AdamOptions>({.lr = 0.01, .amsgrad = true});
  expect_resumed_equals_unbroken<AdamW, optim::AdamWOptions>({.lr = 0.01});
  expect_resumed_equals_unbroken<optim::RMSprop, optim::RMSpropOptions>({.lr = 0.01});
  expect_resumed_equals_unbroken<optim::RMSprop, optim::RMSpropOptions>(
      {.lr = 0.01, .momentum = 0.5, .centered = true});
}

TEST(OptimizerStateDict, HoldsHyperParametersThenStateInOrder) {
  SGD optimizer(
      {{{parameter({1, 2})}, {.lr = 0.5, .momentum = 0.9}}, {{parameter({3})}, {.lr = 2}}});
  std::vector<std::string> names;
  for (const auto& [name, tensor] : optimizer.state_dict()) names.push_back(name);
  EXPECT_EQ(
      names,
      (std::vector<std::string>{
          "param_groups.0.lr", "param_groups.0.momentum", "param_groups.0.dampening",
          "param_groups.0.weight_decay", "param_groups.0.nesterov", "param_groups.0.maximize",
          "param_groups.0.skip_nonfinite", "param_groups.0.base_lr", "param_groups.1.lr",
          "param_groups.1.momentum", "param_groups.1.dampening", "param_groups.1.weight_decay",
          "param_groups.1.nesterov", "param_groups.1.maximize", "param_groups.1.skip_nonfinite",
          "param_groups.1.base_lr", "state.0.step", "state.0.momentum_buffer", "state.1.step"}));
}

TEST(OptimizerStateDict, IsACopy) {
  const Tensor weight = parameter({1});
  Adam optimizer({weight});
  set_gradient(weight, {1});
  optimizer.step();
  const StateDict state = optimizer.state_dict();
  const auto find = [&](const StateDict& in, const std::string& wanted) {
    for (const auto& [name, tensor] : in) {
      if (name == wanted) return tensor.item();
    }
    return -1.0;
  };
  const double exp_avg = find(state, "state.0.exp_avg");
  optimizer.step();
  EXPECT_EQ(find(state, "state.0.exp_avg"), exp_avg);
  EXPECT_EQ(find(state, "state.0.step"), 1);
  EXPECT_EQ(find(optimizer.state_dict(), "state.0.step"), 2);
}

TEST(OptimizerStateDict, CountersGoBeyond32Bits) {
  const Tensor weight = parameter({1});
  Adam optimizer({weight}, {.lr = 0.5});
  StateDict state = optimizer.state_dict();
  const double count = 5e9 + 1;
  for (auto& [name, tensor] : state) {
    if (name == "state.0.step") tensor.fill_(count);
  }
  optimizer.load_state_dict(state);
  set_gradient(weight, {1});
  optimizer.step();
  for (const auto& [name, tensor] : optimizer.state_dict()) {
    if (name == "state.0.step") {
      EXPECT_EQ(tensor.item(), count + 1);
    }
  }
  // The bias corrections are 1: the step is lr * 0.1 g / sqrt(0.001 g^2).
  EXPECT_NEAR(weight.item(), 1 - 0.5 * 0.1 / std::sqrt(0.001), 1e-6);
}

TEST(OptimizerStateDict, SchedulersGoBeyond32Bits) {
  SGD optimizer({parameter({1})}, {.lr = 1});
  LRScheduler scheduler(optimizer, schedulers::cosine({.T_max = 100}));
  const double t = 6e9 + 50;
  scheduler.load_state_dict({{"last_epoch", tensor(t, {.dtype = DType::float64})},
                             {"last_lr.0", tensor(0.5, {.dtype = DType::float64})}});
  EXPECT_EQ(scheduler.last_epoch(), 6000000050);
  scheduler.step();
  EXPECT_EQ(scheduler.last_epoch(), 6000000051);
  EXPECT_EQ(optimizer.lr(), scheduler.lr_at(6000000051));
}

// Parameters share their count of updates as those of the saved run did, from the next step on.
TEST(OptimizerStateDict, CountsOfUpdatesPartAndJoinWithTheState) {
  const auto run = [](bool late, int steps) {
    std::pair<std::vector<Tensor>, std::unique_ptr<Adam>> made;
    made.first = {parameter({0}), parameter({0})};
    made.second = std::make_unique<Adam>(made.first);
    for (int t = 0; t < steps; ++t) {
      set_gradient(made.first[0], {1});
      if (!late || t == steps - 1) set_gradient(made.first[1], {1});
      made.second->step();
    }
    return made;
  };
  const auto counts = [](const Adam& optimizer) {
    std::vector<double> found;
    for (const auto& [name, value] : optimizer.state_dict()) {
      if (name == "state.0.step" || name == "state.1.step") found.push_back(value.item());
    }
    return found;
  };
  const auto [apart_weights, apart] = run(true, 5);
  const auto [together_weights, together] = run(false, 3);
  const StateDict state_apart = apart->state_dict();
  const StateDict state_together = together->state_dict();
  auto captured = capture([&optimizer = *together] { optimizer.step(); });
  captured(2);

  together->load_state_dict(state_apart);
  EXPECT_THROW(captured(), CaptureError);
  EXPECT_EQ(counts(*together), (std::vector<double>{5, 1}));
  together->step();
  EXPECT_EQ(counts(*together), (std::vector<double>{6, 2}));

  apart->load_state_dict(state_together);
  EXPECT_EQ(counts(*apart), (std::vector<double>{3, 3}));
  apart->step();
  EXPECT_EQ(counts(*apart), (std::vector<double>{4, 4}));
}

TEST(OptimizerStateDict, MomentumComesWithTheState) {
  const Tensor first = parameter({1});
  SGD with_momentum({first}, {.lr = 1, .momentum = 0.5});
  set_gradient(first, {1});
  with_momentum.step();
  const Tensor second = parameter({0});
  SGD without({second}, {.lr = 3});
  without.load_state_dict(with_momentum.state_dict());
  EXPECT_EQ(without.options().momentum, 0.5);
  set_gradient(second, {1});
  without.step();  // buffer 0.5 * 1 + 1
  EXPECT_EQ(second.item(), -1.5);
}

TEST(OptimizerStateDict, AFailedLoadChangesNothing) {
  const Tensor weight = parameter({1, 2});
  Adam optimizer({weight}, {.lr = 0.25});
  set_gradient(weight, {1, 1});
  optimizer.step();
  const StateDict before = optimizer.state_dict();
  const auto load = [&](const std::string& text, auto change) {
    SCOPED_TRACE(text);
    StateDict state = Adam({parameter({1, 2})}, {.lr = 0.5}).state_dict();
    change(state);
    try {
      optimizer.load_state_dict(state);
      ADD_FAILURE() << "nothing was thrown";
    } catch (const Error& error) {
      EXPECT_EQ(std::string(error.what()), text);
    }
    const StateDict after = optimizer.state_dict();
    ASSERT_EQ(after.size(), before.size());
    for (std::size_t i = 0; i < after.size(); ++i) {
      EXPECT_EQ(values(after[i].second), values(before[i].second)) << after[i].first;
    }
  };
  load(
      "Adam: load_state_dict: \"state.0.exp_avg_sq\" is missing: load the state of an object that "
      "was "
      "built alike",
      [](StateDict& state) { state.pop_back(); });
  load(
      "Adam: load_state_dict: \"state.7.step\" is unknown here: load the state of an object that "
      "was "
      "built alike",
      [](StateDict& state) { state.emplace_back("state.7.step", tensor(1)); });
  load(
      "Adam: load_state_dict: \"state.0.exp_avg_sq\" has shape [3], not [2]: load the state of an "
      "object that was built alike",
      [](StateDict& state) { state.back().second = zeros({3}); });
  load("Adam: load_state_dict: \"param_groups.0.lr\" comes twice",
       [](StateDict& state) { state.push_back(state.front()); });
  load("Adam: load_state_dict: \"param_groups.0.lr\" is an undefined tensor",
       [](StateDict& state) { state.front().second = Tensor(); });
  load("Adam: lr -1: must be finite and not negative",
       [](StateDict& state) { state.front().second = tensor(-1); });
  load("Adam: load_state_dict: \"state.0.step\" is 1.5: must be a whole number from 0 to 2^53",
       [](StateDict& state) { state[state.size() - 3].second = tensor(1.5); });
}

TEST(OptimizerStateDict, ASchedulerRefusesWhatIsNotItsState) {
  SGD optimizer({parameter({1})}, {.lr = 1});
  LRScheduler scheduler(optimizer, schedulers::cosine({.T_max = 10}));
  scheduler.step();
  const double lr = optimizer.lr();
  expect_error<ValueError>(
      "LRScheduler: load_state_dict: \"last_lr.0\" is missing: load the state of an object that "
      "was "
      "built alike",
      [&] {
        scheduler.load_state_dict({{"last_epoch", tensor(3)}});
        return 0;
      });
  EXPECT_EQ(scheduler.last_epoch(), 1);
  EXPECT_EQ(optimizer.lr(), lr);
}

}  // namespace
}  // namespace kindling
