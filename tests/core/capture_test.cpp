// SPDX-License-Identifier: MIT
// A captured step: what it may hold, what it must follow, what it outlives. That it equals the
// eager step whatever happens in between is in capture_property_test.cpp.
#include <kindling/core/command.h>
#include <kindling/kindling.h>

#include "tests/support/allocations.h"
#include "tests/support/counting_cpu.h"
#include "tests/support/expect_error.h"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <limits>
#include <memory>
#include <optional>

namespace kindling {
namespace {

using optim::Adam;
using optim::SGD;
using schedulers::LRScheduler;
using test::expect_error;

// A small network with its data, as a user writes it.
struct Problem {
  Problem()
      : model(nn::Linear(5, 7), nn::ReLU(), nn::Linear(7, 3)),
        inputs(randn({8, 5})),
        targets(randn({8, 3})) {}
  Tensor loss() const { return nn::mse_loss(model(inputs), targets); }
  std::vector<double> parameters() const {
    std::vector<double> all;
    for (const Tensor& parameter : model.parameters())
      for (const double value : parameter.to_vector<double>()) all.push_back(value);
    return all;
  }

  bool seeded = (manual_seed(0), true);  // before the members that draw
  nn::Sequential model;
  Tensor inputs;
  Tensor targets;
};

template <class Optimizer>
auto step_of(const Problem& problem, Optimizer& optimizer, LRScheduler& scheduler) {
  return [&] {
    optimizer.zero_grad();
    const Tensor loss = problem.loss();
    loss.backward();
    optimizer.step();
    scheduler.step();
    return loss;
  };
}

TEST(Capture, RunsNothingAtFirstAndThenAsOftenAsItIsCalled) {
  int runs = 0;
  const Tensor x = zeros({3});
  auto step = capture([&runs, x] {
    ++runs;
    x += 1.0;
    return x.sum();
  });
  EXPECT_EQ(runs, 0);
  EXPECT_EQ(step.command_count(), 0);
  EXPECT_EQ(x.to_vector<double>(), (std::vector<double>{0, 0, 0}));
  expect_error<ValueError>("CapturedStep: result: no step was made yet: call it first",
                           [&] { return step.result(); });
  const Tensor sum = step();
  EXPECT_EQ(sum.item(), 3);
  EXPECT_EQ(step().impl(), sum.impl());
  EXPECT_EQ(sum.item(), 6);
  step(10);
  EXPECT_EQ(step.result().item(), 36);
  EXPECT_EQ(step.steps(), 12);
  EXPECT_EQ(runs, 1);  // the rest was replayed
  EXPECT_EQ(step.command_count(), 3);
  step(0);
  EXPECT_EQ(step.steps(), 12);
  expect_error<ValueError>("CapturedStep: -1 steps: must not be negative", [&] {
    step(-1);
    return 0;
  });
}

TEST(Capture, RefusesAnEmptyFunction) {
  expect_error<ValueError>("capture: an empty function: give it one to run",
                           [] { return capture(std::function<Tensor()>()); });
  void (*const nothing)() = nullptr;
  expect_error<ValueError>("capture: an empty function: give it one to run",
                           [&] { return capture(nothing); });
}

TEST(Capture, GathersTheRowsThatStandThereAtEachReplay) {
  const Tensor x = tensor({{1, 2}, {3, 4}, {5, 6}}, {.requires_grad = true});
  const Tensor rows = tensor({0, 0});
  auto step = capture([&] {
    const Tensor y = index_select(x, rows);
    sum(y).backward();
    return y;
  });
  EXPECT_EQ(step().to_vector<double>(), (std::vector<double>{1, 2, 1, 2}));
  rows.copy_(std::vector<float>{2, 1});
  EXPECT_EQ(step().to_vector<double>(), (std::vector<double>{5, 6, 3, 4}));
  EXPECT_EQ(x.grad().to_vector<double>(), (std::vector<double>{2, 2, 1, 1, 1, 1}));
  rows.copy_(std::vector<float>{3, 1});  // no such row, and nobody looks
  EXPECT_TRUE(std::isnan(step().to_vector<double>()[0]));
}

TEST(Capture, ReturnsNothingOneTensorOrSeveral) {
  const Tensor x = ones({2});
  auto nothing = capture([x] { x += 1.0; });
  nothing();
  nothing(2);
  EXPECT_EQ(x.to_vector<double>(), (std::vector<double>{4, 4}));
  auto several = capture([x] { return std::vector<Tensor>{x.sum(), x * 2.0}; });
  EXPECT_EQ(several()[0].item(), 8);
  x += 1.0;
  several();
  EXPECT_EQ(several.result()[0].item(), 10);
  EXPECT_EQ(several.result()[1].to_vector<double>(), (std::vector<double>{10, 10}));
}

TEST(Capture, ReplaysEqualEagerStepsThroughTheTape) {
  const auto train = [](bool captured) {
    const Problem problem;
    Adam optimizer(problem.model.parameters(), {.lr = 0.01});
    LRScheduler scheduler(optimizer,
                          schedulers::warmup(10).then(schedulers::cosine({.T_max = 300})));
    auto step = step_of(problem, optimizer, scheduler);
    auto replay = capture(step);
    std::vector<double> seen;
    for (int t = 0; t < 400; ++t) {
      seen.push_back((captured ? replay() : step()).item());
      seen.push_back(optimizer.lr());
      EXPECT_EQ(scheduler.last_epoch(), t + 1);
    }
    for (const double value : problem.parameters()) seen.push_back(value);
    return seen;
  };
  EXPECT_EQ(train(true), train(false));
}

TEST(Capture, ManyStepsInOneCallEqualSingleOnes) {
  const auto train = [](bool at_once) {
    const Problem problem;
    SGD optimizer(problem.model.parameters(), {.lr = 0.01, .momentum = 0.9});
    LRScheduler scheduler(optimizer, schedulers::warmup(1000));
    auto step = capture(step_of(problem, optimizer, scheduler));
    if (at_once) step(700);
    for (int t = 0; t < 700 && !at_once; ++t) step();
    EXPECT_EQ(scheduler.last_epoch(), 700);
    EXPECT_EQ(optimizer.lr(), 0.01 * (701.0 / 1000));
    return problem.parameters();
  };
  EXPECT_EQ(train(true), train(false));
}

// Commands of one step: eager, captured.
template <class Optimizer>
std::pair<std::int64_t, std::int64_t> commands(std::int64_t layers, bool clip) {
  nn::Sequential model;
  for (std::int64_t l = 0; l < layers; ++l) {
    if (l > 0) model.push_back(nn::ReLU());
    model.push_back(nn::Linear(4, 4));
  }
  const Tensor inputs = randn({8, 4});
  const Tensor targets = randn({8, 4});
  Optimizer optimizer(model.parameters(), {.lr = 0.01});
  LRScheduler scheduler(optimizer, schedulers::warmup(10));
  const std::vector<Tensor> parameters = model.parameters();
  const auto step = [&] {
    optimizer.zero_grad();
    const Tensor loss = nn::mse_loss(model(inputs), targets);
    loss.backward();
    if (clip) optim::clip_grad_norm_(parameters, 1.0);
    optimizer.step();
    scheduler.step();
    return loss;
  };
  step();
  const std::int64_t before = detail::issued_commands.total();
  step();
  const std::int64_t eager = detail::issued_commands.total() - before;
  auto captured = capture(step);
  captured();
  return {eager, captured.command_count()};
}

TEST(Capture, AStepHasAsManyCommandsAsItMust) {
  for (const std::int64_t layers : {1, 2, 3, 5}) {
    const std::int64_t products = 3 * layers - 1;
    EXPECT_EQ(commands<Adam>(layers, false), std::pair(products + 3, products + 2)) << layers;
    EXPECT_EQ(commands<Adam>(layers, true), std::pair(products + 4, products + 3)) << layers;
    EXPECT_EQ(commands<SGD>(layers, false), std::pair(products + 3, products + 2)) << layers;
  }
}

TEST(Capture, AReplayAllocatesNothing) {
  if (!test::counts_allocations()) GTEST_SKIP() << "this build's heap cannot be counted";
  const Problem problem;
  Adam optimizer(problem.model.parameters());
  LRScheduler scheduler(optimizer, schedulers::cosine({.T_max = 1000}));
  auto step = capture(step_of(problem, optimizer, scheduler));
  step(2);
  const std::int64_t before = test::heap_allocations();
  for (int t = 0; t < 200; ++t) step();
  step(300);
  EXPECT_EQ(test::heap_allocations(), before);
}

TEST(Capture, MillionsOfReplaysLeaveMemoryAsItWas) {
  if (!test::counts_allocations()) GTEST_SKIP() << "this build's heap cannot be counted";
  const nn::Linear model(2, 1);
  const Tensor inputs = randn({2, 2});
  const Tensor targets = randn({2, 1});
  SGD optimizer(model.parameters(), {.lr = 1e-3});
  LRScheduler scheduler(optimizer, schedulers::warmup(500000));
  auto step = capture([&] {
    optimizer.zero_grad();
    nn::mse_loss(model(inputs), targets).backward();
    optimizer.step();
    scheduler.step();
  });
  step(2);
  const std::int64_t before = test::heap_allocations();
  step(1000000);
  EXPECT_EQ(test::heap_allocations(), before);
  EXPECT_EQ(scheduler.last_epoch(), 1000002);
}

TEST(Capture, HistoryHoldsTheLastLossesAndRates) {
  const Problem problem;
  SGD optimizer(problem.model.parameters(), {.lr = 0.01});
  LRScheduler scheduler(optimizer, schedulers::warmup(100));
  auto step = capture(step_of(problem, optimizer, scheduler));
  EXPECT_TRUE(step.history().empty());
  std::vector<double> losses;
  for (int t = 0; t < 1100; ++t) losses.push_back(step().item());
  const std::vector<StepEntry> history = step.history();
  ASSERT_EQ(history.size(), 1024U);
  for (std::size_t i = 0; i < history.size(); ++i) {
    const std::int64_t t = 1100 - 1024 + static_cast<std::int64_t>(i);
    ASSERT_EQ(history[i].step, t);
    ASSERT_EQ(history[i].value, losses[static_cast<std::size_t>(t)]);
    ASSERT_EQ(history[i].lr, scheduler.lr_at(t));
  }
}

TEST(Capture, HistoryBeginsWithTheFirstStepAndTakesLateValues) {
  const Tensor weight = ones({1}, {.requires_grad = true});
  SGD optimizer({weight}, {.lr = 0.5});
  auto step = capture([&] {
    optimizer.zero_grad();
    (weight * 1.0).sum().backward();
    optimizer.step();
    return weight.detach() * 1.0;  // after the update
  });
  step(3);
  const std::vector<StepEntry> history = step.history();
  ASSERT_EQ(history.size(), 3U);
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(history[i].value, 1 - 0.5 * static_cast<double>(i + 1));
    EXPECT_EQ(history[i].lr, 0.5);
  }
  auto nothing = capture([] { (void)ones({2}); });
  nothing(2);
  ASSERT_EQ(nothing.history().size(), 2U);
  EXPECT_TRUE(std::isnan(nothing.history()[1].value));
  EXPECT_TRUE(std::isnan(nothing.history()[1].lr));
}

TEST(Capture, TakesBatchesFromALoader) {
  const auto train = [](bool captured) {
    const Problem problem;
    const DataLoader loader({randn({24, 5}), randn({24, 3})},
                            {.batch_size = 4, .shuffle = true, .seed = 3});
    SGD optimizer(problem.model.parameters(), {.lr = 0.01});
    auto step = [&] {
      const auto [x, y] = loader.next();
      optimizer.zero_grad();
      const Tensor loss = nn::mse_loss(problem.model(x), y);
      loss.backward();
      optimizer.step();
      return loss;
    };
    auto replay = capture(step);
    std::vector<double> seen;
    for (int t = 0; t < 50; ++t) {
      seen.push_back((captured ? replay() : step()).item());
      if (t == 30) loader.load_state_dict(loader.state_dict());
      seen.push_back(static_cast<double>(loader.epoch()));
    }
    return seen;
  };
  EXPECT_EQ(train(true), train(false));
}

TEST(Capture, RefusesAShortLastBatchAndALoop) {
  const DataLoader loader({randn({10, 5})}, {.batch_size = 4});
  auto next = capture([&] { (void)loader.next(); });
  expect_error<CaptureError>(
      "DataLoader: next: the last batch of an epoch has 2 samples, not 4: a captured step needs "
      "drop_last, or a batch_size that divides 10",
      [&] {
        next();
        return 0;
      });
  auto loop = capture([&] {
    for (const auto& batch : loader) (void)batch;
  });
  expect_error<CaptureError>(
      "DataLoader: cannot be part of a captured step: a loop ends with its epoch: use next()", [&] {
        loop();
        return 0;
      });
}

TEST(Capture, RandomNumbersGoOn) {
  const auto draw = [](bool captured) {
    manual_seed(7);
    const Tensor x = zeros({5});
    auto step = [x] { x += rand({5}) + randn({5}); };
    auto replay = capture(step);
    std::vector<double> seen;
    for (int t = 0; t < 6; ++t) {
      if (captured)
        replay();
      else
        step();
      if (t == 3) (void)rand({3});  // eager draws in between
      for (const double value : x.to_vector<double>()) seen.push_back(value);
    }
    for (const double value : rand({4}).to_vector<double>()) seen.push_back(value);
    return seen;
  };
  EXPECT_EQ(draw(true), draw(false));
}

TEST(Capture, GradientsAddUpWithoutZeroGrad) {
  const auto train = [](bool captured) {
    const Problem problem;
    SGD optimizer(problem.model.parameters(), {.lr = 0.01});
    auto micro = [&] { problem.loss().backward(); };
    auto replay = capture(micro);
    std::vector<double> seen;
    for (int t = 0; t < 12; ++t) {
      if (captured)
        replay();
      else
        micro();
      const Tensor gradient = problem.model.parameters().front().grad();
      for (const double value : gradient.to_vector<double>()) seen.push_back(value);
      if (t % 3 == 2) {
        optimizer.step();
        optimizer.zero_grad();
      }
    }
    for (const double value : problem.parameters()) seen.push_back(value);
    return seen;
  };
  EXPECT_EQ(train(true), train(false));
}

TEST(Capture, AGradientThatIsResetIsOverwrittenWhileAnotherAddsUp) {
  const Tensor reset = ones({2}, {.requires_grad = true});
  const Tensor kept = ones({2}, {.requires_grad = true});
  SGD optimizer({reset}, {.lr = 0.5});
  auto step = capture([&] {
    optimizer.zero_grad();
    (reset * 2.0 + kept * 3.0).sum().backward();
  });
  for (const double steps : {1.0, 2.0, 3.0, 4.0}) {
    step();
    EXPECT_EQ(reset.grad().to_vector<double>(), (std::vector<double>{2, 2}));
    EXPECT_EQ(kept.grad().to_vector<double>(), (std::vector<double>{3 * steps, 3 * steps}));
  }
}

TEST(Capture, ZeroGradMayComeLast) {
  const auto train = [](bool captured) {
    const Problem problem;
    SGD optimizer(problem.model.parameters(), {.lr = 0.01});
    auto step = [&] {
      problem.loss().backward();
      optimizer.step();
      optimizer.zero_grad();
    };
    auto replay = capture(step);
    for (int t = 0; t < 10; ++t) {
      if (t == 5) problem.loss().backward();  // is added to
      if (captured)
        replay();
      else
        step();
      EXPECT_FALSE(problem.model.parameters().front().grad().defined());
    }
    return problem.parameters();
  };
  EXPECT_EQ(train(true), train(false));
}

TEST(Capture, FollowsWhatIsSetBetweenReplays) {
  const auto train = [](bool captured) {
    const Problem problem;
    SGD optimizer(problem.model.parameters(), {.lr = 0.01, .momentum = 0.9});
    LRScheduler scheduler(optimizer, schedulers::exponential({.gamma = 0.99}));
    auto step = step_of(problem, optimizer, scheduler);
    auto replay = capture(step);
    StateDict saved, rates, model;
    std::vector<double> seen;
    for (int t = 0; t < 60; ++t) {
      if (captured)
        replay();
      else
        step();
      if (t == 5) optimizer.set_lr(0.02);
      if (t == 9) optimizer.set_options({.lr = 0.005, .momentum = 0.5, .weight_decay = 0.1});
      if (t == 12) problem.inputs.copy_(std::vector<float>(40, 0.25F));
      if (t == 15) saved = optimizer.state_dict();
      if (t == 15) rates = scheduler.state_dict();
      if (t == 20) model = problem.model.state_dict();
      if (t == 30) optimizer.load_state_dict(saved);
      if (t == 30) scheduler.load_state_dict(rates);
      if (t == 35) problem.model.load_state_dict(model);
      if (t == 40) step();  // an eager step between replays
      seen.push_back(optimizer.lr());
      seen.push_back(static_cast<double>(scheduler.last_epoch()));
    }
    for (const double value : problem.parameters()) seen.push_back(value);
    for (const auto& [name, value] : optimizer.state_dict())
      for (const double number : value.to_vector<double>()) seen.push_back(number);
    return seen;
  };
  EXPECT_EQ(train(true), train(false));
}

TEST(Capture, SaysWhenItCannotFollow) {
  const Problem problem;
  SGD optimizer(problem.model.parameters(), {.lr = 0.01});
  LRScheduler scheduler(optimizer, schedulers::exponential({.gamma = 0.99}));
  auto step = capture(step_of(problem, optimizer, scheduler));
  step(2);
  const std::vector<double> before = problem.parameters();
  optimizer.set_options({.lr = 0.01, .momentum = 0.9});
  const auto again = [&] {
    step();
    return 0;
  };
  expect_error<CaptureError>(
      "SGD: step: its groups, its state, its scheduler or skip_nonfinite have changed since the "
      "step "
      "was captured: capture it again",
      again);
  EXPECT_EQ(problem.parameters(), before);
  auto second = capture(step_of(problem, optimizer, scheduler));
  second(2);
  problem.model.to(DType::float64);
  expect_error<CaptureError>(
      "CapturedStep: a tensor of the step has moved to other memory since it was captured, by to() "
      "or an optimizer built over it: capture the step again",
      [&] {
        second();
        return 0;
      });
}

TEST(Capture, AChangeOfAnOptimizersStructureIsNoticed) {
  const Tensor more = ones({2}, {.requires_grad = true});
  std::optional<LRScheduler> scheduler;
  const auto saved = [](const optim::SGDOptions& options) {
    const Problem problem;
    return SGD(problem.model.parameters(), options).state_dict();
  };
  const std::vector<std::pair<std::string, std::function<void(SGD&)>>> changes = {
      {"a new group",
       [&](SGD& sgd) {
         sgd.add_param_group({{more}, {.lr = 0.1}});
       }},
      {"momentum", [](SGD& sgd) { sgd.set_options({.momentum = 0.5}); }},
      {"skipping", [](SGD& sgd) { sgd.set_options({.skip_nonfinite = true}); }},
      {"a schedule of momentum",
       [&](SGD& sgd) {
         scheduler.emplace(sgd, schedulers::cyclic({.base_lr = 0.1, .max_lr = 0.2}));
       }},
      {"loaded momentum", [&](SGD& sgd) { sgd.load_state_dict(saved({.momentum = 0.5})); }},
      {"loaded skipping", [&](SGD& sgd) { sgd.load_state_dict(saved({.skip_nonfinite = true})); }},
  };
  for (const auto& [name, change] : changes) {
    SCOPED_TRACE(name);
    const Problem problem;
    SGD optimizer(problem.model.parameters(), {.lr = 0.1});
    const auto step = [&] {
      optimizer.zero_grad();
      problem.loss().backward();
      optimizer.step();
    };
    auto captured = capture(step);
    captured(2);
    change(optimizer);
    EXPECT_THROW(captured(), CaptureError);
    auto again = capture(step);
    EXPECT_NO_THROW(again(2));
    scheduler.reset();
  }
}

TEST(Capture, RefusesWhatNeedsTheHost) {
  const Problem problem;
  SGD optimizer(problem.model.parameters(), {.lr = 0.01});
  const optim::SGDOptions optimizer_options = optimizer.options();
  schedulers::ReduceLROnPlateau plateau(optimizer);
  const auto refused = [](const std::string& text, std::function<void()> function) {
    auto step = capture(std::move(function));
    for (int again = 0; again < 2; ++again) {
      expect_error<CaptureError>(text, [&] {
        step();
        return 0;
      });
    }
  };
  const std::string part = ": cannot be part of a captured step: ";
  refused("item" + part + "it reads values on the host: call it after the step",
          [&] { (void)problem.loss().item(); });
  refused("to_vector" + part + "it reads values on the host: call it after the step",
          [&] { (void)problem.loss().to_vector<float>(); });
  refused(
      "from_data" + part +
          "it reads memory of the host: fill a tensor made before, by copy_() between the steps",
      [&] {
        (void)from_data(std::vector<float>{1, 2}, {2});
      });
  refused(
      "tensor" + part +
          "it reads memory of the host: fill a tensor made before, by copy_() between the steps",
      [&] {
        (void)tensor({1.0, 2.0});
      });
  refused(
      "copy_" + part +
          "it reads memory of the host: fill a tensor made before, by copy_() between the steps",
      [&] { problem.targets.copy_(std::vector<float>(24)); });
  refused("set_lr" + part + "it gives a value of the host: call it between steps",
          [&] { optimizer.set_lr(1); });
  refused("ReduceLROnPlateau" + part + "step() of a value on the host: give it a tensor",
          [&] { plateau.step(1.0); });
  refused("SGD" + part + "it takes over its parameters: build it before",
          [&] { const SGD other(problem.model.parameters()); });
  refused("to" + part + "it moves parameters: call it before",
          [&] { problem.model.to(DType::float64); });
  refused("set_options" + part + "it gives values of the host: call it between steps",
          [&] { optimizer.set_options(optimizer_options); });
  refused("add_param_group" + part + "it adds parameters: call it before", [&] {
    optimizer.add_param_group({{problem.inputs}, {}});
  });
  refused("LRScheduler" + part + "it sets the schedule's first values: build it before",
          [&] { const LRScheduler scheduler(optimizer, schedulers::warmup(10)); });
  refused("DataLoader" + part + "it begins anew each time: build it before",
          [&] { const DataLoader fresh({problem.inputs}, {.batch_size = 4}); });
  refused("manual_seed" + part + "it gives a value of the host: call it between steps",
          [&] { manual_seed(1); });
  const DataLoader loader({problem.inputs}, {.batch_size = 4});
  for (const auto& save : std::vector<std::function<StateDict()>>{
           [&] { return optimizer.state_dict(); }, [&] { return plateau.state_dict(); },
           [&] { return loader.state_dict(); }}) {
    refused("state_dict" + part + "it is for the host: call it between steps",
            [&] { (void)save(); });
  }
  const StateDict state = plateau.state_dict();
  for (const auto& load : std::vector<std::function<void()>>{
           [&] { optimizer.load_state_dict(state); }, [&] { plateau.load_state_dict(state); },
           [&] { loader.load_state_dict(state); }, [&] { problem.model.load_state_dict(state); }}) {
    refused("load_state_dict" + part + "it gives values of the host: call it between steps", load);
  }
  EXPECT_FALSE(std::isnan(problem.loss().item()));  // the program goes on
}

TEST(Capture, RefusesToFreezeWhatTheHostShows) {
  const Problem problem;
  SGD optimizer(problem.model.parameters(), {.lr = 0.01});
  const LRScheduler scheduler(optimizer, schedulers::warmup(10));
  const schedulers::ReduceLROnPlateau plateau(optimizer);
  const DataLoader loader({problem.inputs}, {.batch_size = 4});
  const auto refused = [](const std::string& op, std::function<void()> function) {
    auto step = capture(std::move(function));
    expect_error<CaptureError>(
        op + ": cannot be part of a captured step: its value would stay as it "
             "is now: read it between steps",
        [&] {
          step();
          return 0;
        });
  };
  refused("lr", [&] { (void)optimizer.lr(); });
  refused("options", [&] { (void)optimizer.options(); });
  refused("get_last_lr", [&] { (void)scheduler.get_last_lr(); });
  refused("last_epoch", [&] { (void)scheduler.last_epoch(); });
  refused("get_last_lr", [&] { (void)plateau.get_last_lr(); });
  refused("last_epoch", [&] { (void)plateau.last_epoch(); });
  refused("epoch", [&] { (void)loader.epoch(); });
  refused("data", [&] { (void)problem.inputs.data<float>(); });
}

TEST(Capture, FreezingAParameterIsNoticed) {
  const Problem problem;
  SGD optimizer(problem.model.parameters(), {.lr = 0.01});
  auto step = capture([&] {
    optimizer.zero_grad();
    problem.loss().backward();
    optimizer.step();
  });
  step(2);
  problem.model.parameters().front().set_requires_grad(false);
  EXPECT_THROW(step(), CaptureError);
  problem.model.parameters().front().set_requires_grad(true);
  EXPECT_NO_THROW(step());
}

TEST(Capture, AGraphFromBeforeTheStepIsRefused) {
  const Problem problem;
  const Tensor loss = problem.loss();
  auto step = capture([&] { loss.backward(); });
  expect_error<CaptureError>(
      "backward: cannot be part of a captured step: the graph of mse_loss was made before: run its "
      "forward pass in the step",
      [&] {
        step();
        return 0;
      });
}

TEST(Capture, IsNotNested) {
  auto inner = capture([] { return ones({1}).sum(); });
  auto outer = capture([&] { return inner(); });
  expect_error<CaptureError>(
      "CapturedStep: a captured step inside another: call the function itself there",
      [&] { return outer(); });
}

TEST(Capture, OutlivesWhatItUses) {
  std::optional<CapturedStep<Tensor>> step;
  Tensor weight;
  {
    auto problem = std::make_unique<Problem>();
    auto optimizer = std::make_unique<Adam>(problem->model.parameters());
    auto scheduler = std::make_unique<LRScheduler>(*optimizer, schedulers::warmup(300));
    const auto loader =
        std::make_unique<DataLoader<1>>(DataLoader({randn({8, 5})}, {.batch_size = 4}));
    weight = problem->model.parameters().front();
    step = capture([&] {
      optimizer->zero_grad();
      const auto [x] = loader->next();
      const Tensor loss = problem->model(x).square().mean();
      loss.backward();
      optimizer->step();
      scheduler->step();
      return loss;
    });
    (*step)();
  }
  const std::vector<double> before = weight.to_vector<double>();
  (*step)(400);
  EXPECT_NE(weight.to_vector<double>(), before);
  EXPECT_EQ(step->history().back().lr, 1e-3);
  const Tensor loss = step->result();
  step.reset();
  EXPECT_TRUE(std::isfinite(loss.item()));
}

TEST(Capture, ItsMemoryIsNeverLent) {
  const Problem problem;
  auto step = capture([&] { return kindling::tanh(problem.model(problem.inputs) * 2.0).sum(); });
  const double first = step().item();
  std::vector<Tensor> eager;
  for (int i = 0; i < 50; ++i) eager.push_back(full({8, 7}, 1e30));
  EXPECT_EQ(step().item(), first);
  for (const Tensor& tensor : eager)
    EXPECT_EQ(tensor.sum().item(), full({8, 7}, 1e30).sum().item());
}

TEST(Capture, LaterTemporariesUseTheMemoryOfEarlierOnes) {
  constexpr std::int64_t kNumel = 12345;
  const test::CountingCpu device;
  const Tensor x = ones({kNumel});
  const int before = device.allocations(kNumel * sizeof(float));
  auto step = capture([x] {
    Tensor y = x * 1.0;
    for (int i = 0; i < 5; ++i) {
      y = y * 2.0;
      y += 1.0;
    }
    return y.sum();
  });
  EXPECT_EQ(step().item(), kNumel * 63.0);
  EXPECT_EQ(step().item(), kNumel * 63.0);
  EXPECT_EQ(device.allocations(kNumel * sizeof(float)) - before, 2);
}

TEST(Capture, InPlaceChecksSeeReplays) {
  const Tensor weight = ones({2}, {.requires_grad = true});
  SGD optimizer({weight}, {.lr = 0.1});
  auto step = capture([&] {
    optimizer.zero_grad();
    const Tensor loss = (weight * weight).sum();
    loss.backward();
    optimizer.step();
    return loss.detach();
  });
  step();
  const Tensor eager = (weight * weight).sum();
  step();  // changes what eager has saved
  EXPECT_THROW(eager.backward(), ValueError);
  const Tensor scale = ones({}, {.requires_grad = true});
  const Tensor product = scale * step.result();
  step();  // and its own result
  EXPECT_THROW(product.backward(), ValueError);
}

TEST(Capture, ABadValueOfTheScheduleIsThrownByTheStepThatReachesIt) {
  const Problem problem;
  SGD optimizer(problem.model.parameters(), {.lr = 0.01});
  LRScheduler scheduler(optimizer, schedulers::lambda([](std::int64_t t) {
                          return t < 200 ? 1.0 : std::numeric_limits<double>::quiet_NaN();
                        }));
  auto step = capture(step_of(problem, optimizer, scheduler));
  const std::string text =
      "LRScheduler: learning rate nan at t = 200 (group 0): must be finite and not negative";
  expect_error<ValueError>(text, [&] { return step(1000); });
  EXPECT_EQ(step.steps(), 199);
  EXPECT_EQ(scheduler.last_epoch(), 199);
  const std::vector<double> before = problem.parameters();
  expect_error<ValueError>(text, [&] { return step(); });
  EXPECT_EQ(problem.parameters(), before);
}

TEST(Capture, SeveralOptimizersAndManyScheduleSteps) {
  const auto train = [](bool captured) {
    const Problem problem;
    const std::vector<Tensor> parameters = problem.model.parameters();
    SGD body({parameters[0], parameters[1]}, {.lr = 0.01, .momentum = 0.9});
    Adam head({parameters[2], parameters[3]}, {.lr = 0.01});
    LRScheduler first(body, schedulers::exponential({.gamma = 0.999}));
    LRScheduler second(head, schedulers::warmup(500));
    auto step = [&] {
      body.zero_grad();
      head.zero_grad();
      problem.loss().backward();
      body.step();
      head.step();
      for (int i = 0; i < 3; ++i) first.step();
      second.step();
    };
    auto replay = capture(step);
    for (int t = 0; t < 150; ++t) {
      if (captured)
        replay();
      else
        step();
    }
    EXPECT_EQ(first.last_epoch(), 450);
    std::vector<double> seen = problem.parameters();
    seen.push_back(body.lr());
    seen.push_back(head.lr());
    return seen;
  };
  EXPECT_EQ(train(true), train(false));
}

TEST(Capture, SkippedStepsAreSkippedInReplaysToo) {
  const auto train = [](bool captured) {
    const Problem problem;
    const Tensor scale = ones({});
    Adam optimizer(problem.model.parameters(), {.lr = 0.01, .skip_nonfinite = true});
    LRScheduler scheduler(optimizer, schedulers::exponential({.gamma = 0.9}));
    auto step = [&] {
      optimizer.zero_grad();
      (problem.loss() * scale).backward();
      optimizer.step();
      scheduler.step();
    };
    auto replay = capture(step);
    std::vector<double> seen;
    for (int t = 0; t < 300; ++t) {
      scale.fill_(t % 3 == 1 || (t > 50 && t < 200) ? std::numeric_limits<double>::infinity() : 1);
      if (captured)
        replay();
      else
        step();
      if (t % 20 == 0) seen.push_back(static_cast<double>(scheduler.last_epoch()));
    }
    seen.push_back(optimizer.lr());
    for (const double value : problem.parameters()) seen.push_back(value);
    return seen;
  };
  EXPECT_EQ(train(true), train(false));
}

TEST(Capture, TheGradientsOfASkippedStepAreClippedAllTheSame) {
  const Tensor x = ones({2}, {.requires_grad = true});
  const Tensor slope = tensor({1, std::numeric_limits<double>::infinity()});
  SGD optimizer({x}, {.lr = 1, .skip_nonfinite = true});
  auto step = capture([&] {
    optimizer.zero_grad();
    (x * slope).sum().backward();
    (void)optim::clip_grad_norm_({x}, 1);
    optimizer.step();
  });
  step(2);
  EXPECT_EQ(x.grad()[0].item(), 0);
  EXPECT_TRUE(std::isnan(x.grad()[1].item()));
  EXPECT_EQ(x.to_vector<double>(), (std::vector<double>{1, 1}));
}

TEST(Capture, APlateauFollowsATensor) {
  const auto train = [](bool captured) {
    const Problem problem;
    SGD optimizer(problem.model.parameters(), {.lr = 0.1});
    schedulers::ReduceLROnPlateau plateau(optimizer,
                                          {.factor = 0.5, .patience = 2, .threshold = 0.3});
    auto step = [&] {
      optimizer.zero_grad();
      const Tensor loss = problem.loss();
      loss.backward();
      optimizer.step();
      plateau.step(loss);
    };
    auto replay = capture(step);
    std::vector<double> seen;
    for (int t = 0; t < 300; ++t) {
      if (captured)
        replay();
      else
        step();
      seen.push_back(optimizer.lr());
    }
    EXPECT_LT(optimizer.lr(), 0.1);
    EXPECT_EQ(plateau.last_epoch(), 300);
    for (const double value : problem.parameters()) seen.push_back(value);
    return seen;
  };
  EXPECT_EQ(train(true), train(false));
}

TEST(Capture, ALeafThatTheStepMakesIsNewInEachStep) {
  const Tensor batch = ones({2});
  auto step = capture([&] {
    const Tensor x = batch.detach();
    x.set_requires_grad(true);
    (x * 3.0).sum().backward();
    return x.grad();
  });
  for (int t = 0; t < 4; ++t) EXPECT_EQ(step().to_vector<double>(), (std::vector<double>{3, 3}));
}

TEST(Capture, AnUpdateBeforeTheBackward) {
  const auto train = [](bool captured) {
    const Problem problem;
    SGD optimizer(problem.model.parameters(), {.lr = 0.1});
    auto step = [&] {
      optimizer.step();
      optimizer.zero_grad();
      problem.loss().backward();
    };
    step();  // there is a gradient from now on
    auto replay = capture(step);
    for (int t = 0; t < 5; ++t) {
      if (captured)
        replay();
      else
        step();
    }
    return problem.parameters();
  };
  EXPECT_EQ(train(true), train(false));
  const Problem problem;
  SGD optimizer(problem.model.parameters(), {.lr = 0.1});
  auto step = capture([&] {
    optimizer.step();
    problem.loss().backward();
  });
  step();  // of no parameter
  EXPECT_THROW(step(), CaptureError);
}

TEST(Capture, AStepThatPartsItsParametersIsCapturedAgain) {
  const Tensor a = ones({1}, {.requires_grad = true});
  const Tensor b = ones({1}, {.requires_grad = true});
  Adam optimizer({a, b});
  const auto step = [&] {
    optimizer.zero_grad();
    (a + b).sum().backward();
    optimizer.step();
    optimizer.zero_grad();
    a.sum().backward();
    optimizer.step();
  };
  auto first = capture(step);
  first();
  EXPECT_THROW(first(), CaptureError);
  auto second = capture(step);
  EXPECT_NO_THROW(second(3));
}

TEST(Capture, AnUpdateAloneNoticesThatItsParametersAreLost) {
  const Problem problem;
  SGD optimizer(problem.model.parameters(), {.lr = 0.1});
  problem.loss().backward();
  auto step = capture([&] { optimizer.step(); });
  step(2);
  const SGD other(problem.model.parameters(), {.lr = 0.1});
  EXPECT_THROW(step(), CaptureError);
}

TEST(Capture, AResultThatMovesIsNoticed) {
  const Tensor x = ones({3});
  auto step = capture([&] {
    const NoGradGuard no_grad;
    return x * 2.0;
  });
  const Tensor result = step();
  result.set_requires_grad(true);
  const SGD optimizer({result});
  EXPECT_THROW(step(), CaptureError);
}

TEST(Capture, GoesOnWhereOtherTensorsMove) {
  const Tensor x = zeros({1});
  auto step = capture([x] { x += 1.0; });
  step();
  const SGD optimizer(nn::Linear(2, 2).parameters());  // moves them into its arena
  step(2);
  EXPECT_EQ(x.item(), 3);
}

TEST(Capture, HistoryTakesANormThatIsClippedLast) {
  const Problem problem;
  const std::vector<Tensor> parameters = problem.model.parameters();
  SGD optimizer(parameters, {.lr = 0.1});
  auto step = capture([&] {
    optimizer.zero_grad();
    problem.loss().backward();
    optimizer.step();
    return optim::clip_grad_norm_(parameters, 1e9);
  });
  for (int t = 0; t < 5; ++t) {
    step();
    EXPECT_EQ(step.history().back().value, step.result().item());
  }
}

TEST(Capture, AScheduleMayReadTensorsWhileAStepIsRecorded) {
  const Problem problem;
  const Tensor table = full({}, 0.5);
  SGD optimizer(problem.model.parameters(), {.lr = 0.1});
  LRScheduler scheduler(optimizer,
                        schedulers::lambda([table](std::int64_t) { return table.item(); }));
  const auto step = step_of(problem, optimizer, scheduler);
  for (int t = 0; t < 7; ++t) step();  // up to the end of what was looked ahead for
  auto captured = capture(step);
  EXPECT_NO_THROW(captured(100));
  EXPECT_EQ(scheduler.last_epoch(), 107);
}

TEST(Capture, AStepWithoutItsScheduleDoesNotHoldIt) {
  const Problem problem;
  SGD optimizer(problem.model.parameters(), {.lr = 0.1});
  std::optional<LRScheduler> scheduler(std::in_place, optimizer, schedulers::warmup(10));
  auto step = capture([&] {
    optimizer.zero_grad();
    problem.loss().backward();
    optimizer.step();
  });
  step(2);
  scheduler.reset();
  scheduler.emplace(optimizer, schedulers::exponential({.gamma = 0.5}));
  scheduler->step();
  step();
  EXPECT_EQ(step.history().back().lr, 0.05);
}

TEST(Capture, APlateauDoesNotRunBesideALaterSchedule) {
  const Problem problem;
  SGD optimizer(problem.model.parameters(), {.lr = 0.1});
  schedulers::ReduceLROnPlateau plateau(optimizer);
  auto step = capture([&] {
    optimizer.zero_grad();
    const Tensor loss = problem.loss();
    loss.backward();
    optimizer.step();
    plateau.step(loss);
  });
  step(2);
  const LRScheduler scheduler(optimizer, schedulers::warmup(10));
  EXPECT_THROW(step(), CaptureError);
}

TEST(Capture, AFailedFirstStepLeavesTheProgramUsable) {
  const Problem problem;
  SGD optimizer(problem.model.parameters(), {.lr = 0.01});
  bool fails = true;
  auto step = capture([&] {
    optimizer.zero_grad();
    const Tensor loss = problem.loss();
    if (fails) throw std::runtime_error("mine");
    loss.backward();
    optimizer.step();
    return loss;
  });
  EXPECT_THROW(step(), std::runtime_error);
  EXPECT_EQ(step.steps(), 0);
  fails = false;
  const double first = step().item();
  EXPECT_LT(step(20).item(), first);
}

TEST(Capture, MayBeMoved) {
  const Tensor x = zeros({1});
  auto step = capture([x] { x += 1.0; });
  step();
  auto moved = std::move(step);
  moved();
  EXPECT_EQ(x.item(), 2);
  EXPECT_EQ(moved.steps(), 2);
  // NOLINTNEXTLINE(bugprone-use-after-move): that is the question
  EXPECT_THROW(step(), ValueError);
  step = std::move(moved);
  step();
  EXPECT_EQ(x.item(), 3);
}

}  // namespace
}  // namespace kindling
