// SPDX-License-Identifier: MIT
#include <kindling/kindling.h>
#include <kindling/schedulers/caller.h>

#include "tests/support/special_values.h"

#include <gtest/gtest.h>

#include <functional>

namespace kindling::schedulers {
namespace {

using test::kInfinity;
using test::kNan;

// Expects a ValueError with exactly this text.
void refuses(const std::function<void()>& make, const std::string& text) {
  try {
    make();
    ADD_FAILURE() << "accepted, expected: " << text;
  } catch (const ValueError& error) {
    EXPECT_EQ(error.what(), text);
  }
}

TEST(ScheduleOptions, RequiredOnesAreMissed) {
  refuses([] { exponential({}); }, "exponential: gamma 0: must be finite and above 0");
  refuses([] { step({}); }, "step: step_size 0: must be at least 1");
  refuses([] { multi_step({}); }, "multi_step: milestones is empty: give at least one");
  refuses([] { cosine({}); }, "cosine: T_max 0: must be at least 1");
  refuses([] { warm_restarts({}); }, "warm_restarts: T_0 0: must be at least 1");
  refuses([] { cyclic({}); },
          "cyclic: base_lr is missing: give one value, or one per parameter group");
  refuses([] { cyclic({.base_lr = 0.1}); },
          "cyclic: max_lr is missing: give one value, or one per parameter group");
  refuses([] { one_cycle({.total_steps = 10}); },
          "one_cycle: max_lr is missing: give one value, or one per parameter group");
  refuses([] { one_cycle({.max_lr = 0.1}); },
          "one_cycle: total_steps 0: give total_steps, or epochs and steps_per_epoch");
  refuses([] { one_cycle({.max_lr = 0.1, .epochs = 3}); },
          "one_cycle: steps_per_epoch 0: must be at least 1");
  refuses([] { noam({}); }, "noam: d_model 0: must be at least 1");
  refuses([] { swa({.swa_lr = 0.1, .anneal_epochs = -1}); },
          "swa: anneal_epochs -1: must be at least 0");
  refuses([] { swa({.swa_lr = 0.1, .anneal_strategy = "sin"}); },
          "swa: anneal_strategy \"sin\": must be one of \"cos\", \"linear\"");
  refuses([] { wsd({}); }, "wsd: decay_steps 0: must be at least 1");
  refuses([] { lambda(nullptr); }, "lambda: the function is empty: give one that can be called");
  refuses([] { multiplicative(nullptr); },
          "multiplicative: the function is empty: give one that can be called");
  refuses([] { Schedule("mine", nullptr); },
          "Schedule: mine has an empty function: give one that can be called");
}

TEST(ScheduleOptions, OutOfRange) {
  refuses([] { constant({.factor = -0.5}); },
          "constant: factor -0.5: must be finite and not negative");
  refuses([] { constant({.total_iters = -1}); }, "constant: total_iters -1: must be at least 0");
  refuses([] { linear({.start_factor = kNan}); },
          "linear: start_factor nan: must be finite and not negative");
  refuses([] { linear({.end_factor = kInfinity}); },
          "linear: end_factor inf: must be finite and not negative");
  refuses([] { linear({.total_iters = -2}); }, "linear: total_iters -2: must be at least 0");
  refuses([] { exponential({.gamma = -1}); }, "exponential: gamma -1: must be finite and above 0");
  refuses([] { polynomial({.total_iters = -1}); },
          "polynomial: total_iters -1: must be at least 0");
  refuses([] { polynomial({.power = -1}); },
          "polynomial: power -1: must be finite and not negative");
  refuses([] { step({.step_size = 1, .gamma = kNan}); },
          "step: gamma nan: must be finite and not negative");
  refuses(
      [] {
        multi_step({.milestones = {3, -1}});
      },
      "multi_step: milestones -1: must be 0 or more");
  refuses([] { multi_step({.milestones = {3}, .gamma = -1}); },
          "multi_step: gamma -1: must be finite and not negative");
  refuses([] { cosine({.T_max = 5, .eta_min = -1}); },
          "cosine: eta_min -1: must be finite and not negative");
  refuses([] { warm_restarts({.T_0 = 5, .T_mult = 0}); },
          "warm_restarts: T_mult 0: must be at least 1");
  refuses([] { warm_restarts({.T_0 = 5, .eta_min = kNan}); },
          "warm_restarts: eta_min nan: must be finite and not negative");
  refuses([] { inverse_sqrt({.timescale = 0}); }, "inverse_sqrt: timescale 0: must be at least 1");
  refuses([] { noam({.d_model = 1, .warmup_steps = -1}); },
          "noam: warmup_steps -1: must be at least 0");
  refuses([] { wsd({.warmup_steps = -1, .decay_steps = 1}); },
          "wsd: warmup_steps -1: must be at least 0");
  refuses([] { wsd({.stable_steps = -1, .decay_steps = 1}); },
          "wsd: stable_steps -1: must be at least 0");
  refuses([] { wsd({.decay_steps = 1, .min_lr_ratio = -1}); },
          "wsd: min_lr_ratio -1: must be finite and not negative");
  refuses([] { wsd({.decay_steps = 1, .decay_type = "exp"}); },
          "wsd: decay_type \"exp\": must be one of \"1-sqrt\", \"linear\", \"cosine\"");
  refuses([] { wsd({.decay_steps = 1, .warmup = WarmupConvention::from_factor}); },
          "wsd: warmup from_factor: must be a convention without a start_factor");
}

TEST(ScheduleOptions, OfTheCycles) {
  refuses([] { cyclic({.base_lr = 0.1, .max_lr = 1, .mode = "square"}); },
          "cyclic: mode \"square\": must be one of \"triangular\", \"triangular2\", \"exp_range\"");
  refuses(
      [] {
        cyclic({.base_lr = 0.1,
                .max_lr = 1,
                .scale_fn = [](double) { return 1.0; },
                .scale_mode = "step"});
      },
      "cyclic: scale_mode \"step\": must be one of \"cycle\", \"iterations\"");
  refuses([] { cyclic({.base_lr = 0.1, .max_lr = 1, .scale_mode = "step"}); },
          "cyclic: scale_mode \"step\": must be one of \"cycle\", \"iterations\"");
  refuses([] { cyclic({.base_lr = 0.1, .max_lr = 1, .step_size_up = 0}); },
          "cyclic: step_size_up 0: must be at least 1");
  refuses([] { cyclic({.base_lr = 0.1, .max_lr = 1, .step_size_down = -1}); },
          "cyclic: step_size_down -1: must be at least 0");
  refuses([] { cyclic({.base_lr = 0.1, .max_lr = 1, .mode = "exp_range", .gamma = -1}); },
          "cyclic: gamma -1: must be finite and not negative");
  refuses([] { cyclic({.base_lr = 0.1, .max_lr = 1, .base_momentum = -1}); },
          "cyclic: base_momentum -1: must be finite and not negative");
  refuses([] { cyclic({.base_lr = 0.1, .max_lr = 1, .max_momentum = kNan}); },
          "cyclic: max_momentum nan: must be finite and not negative");
  refuses([] { one_cycle({.max_lr = 0.1, .total_steps = 3, .base_momentum = -1}); },
          "one_cycle: base_momentum -1: must be finite and not negative");
  refuses([] { one_cycle({.max_lr = 0.1, .total_steps = 3, .max_momentum = kNan}); },
          "one_cycle: max_momentum nan: must be finite and not negative");
  refuses([] { one_cycle({.max_lr = 0.1, .steps_per_epoch = 3}); },
          "one_cycle: epochs 0: must be at least 1");
  refuses([] { one_cycle({.max_lr = 0.0, .total_steps = 10}); },
          "one_cycle: max_lr 0: must be above 0");
  refuses([] { one_cycle({.max_lr = 0.1, .total_steps = -3}); },
          "one_cycle: total_steps -3: must be at least 1");
  refuses([] { one_cycle({.max_lr = 0.1, .total_steps = 3, .pct_start = 1.5}); },
          "one_cycle: pct_start 1.5: must be from 0 to 1");
  refuses([] { one_cycle({.max_lr = 0.1, .total_steps = 3, .anneal_strategy = "cosine"}); },
          "one_cycle: anneal_strategy \"cosine\": must be one of \"cos\", \"linear\"");
  refuses([] { one_cycle({.max_lr = 0.1, .total_steps = 3, .div_factor = 0}); },
          "one_cycle: div_factor 0: must be finite and above 0");
  refuses([] { one_cycle({.max_lr = 0.1, .total_steps = 3, .final_div_factor = kNan}); },
          "one_cycle: final_div_factor nan: must be finite and above 0");
}

TEST(ScheduleOptions, PerGroupValuesFitTheGroups) {
  refuses(
      [] {
        one_cycle({.max_lr = {0.1, 0.2}, .total_steps = 3});
      },
      "one_cycle: max_lr has 2 values: 1 parameter group: give one value, or one per group");
  refuses(
      [] {
        const BuildingFor building({"OneCycleLR", 1, 2});
        one_cycle({.max_lr = {0.1, 0.2, 0.3}, .total_steps = 3});
      },
      "OneCycleLR: max_lr has 3 values: 2 parameter groups: give one value, or one per group");
  refuses(
      [] {
        const BuildingFor building({"OneCycleLR", 0, 2});
        one_cycle({.max_lr = {0.1, kNan}, .total_steps = 3});
      },
      "OneCycleLR: max_lr nan: must be finite and not negative");
}

TEST(ScheduleOptions, ErrorsCarryTheNameOfTheClassThatIsBuilt) {
  const Tensor weight = zeros({2}, {.requires_grad = true});
  optim::SGD optimizer({weight}, {.lr = 0.1});
  refuses([&] { CosineAnnealingLR(optimizer, {}); },
          "CosineAnnealingLR: T_max 0: must be at least 1");
  refuses([] { cosine({}); }, "cosine: T_max 0: must be at least 1");  // and only while it is
  refuses([&] { SequentialLR(optimizer, {linear()}, {3}); },
          "SequentialLR: 1 schedules and 1 milestones: give one milestone fewer than schedules");
}

TEST(ScheduleOptions, OfCompositions) {
  refuses([] { sequence({}, {}); }, "sequence: no schedules: give at least one");
  refuses(
      [] {
        sequence({linear(), linear()}, {-1});
      },
      "sequence: milestones -1: must be 0 or more");
  refuses(
      [] {
        sequence({linear(), linear(), linear()}, {4, 2});
      },
      "sequence: milestones 2: must be in ascending order, but follows 4");
  refuses([] { chain({}); }, "chain: no schedules: give at least one");
}

TEST(ScheduleOptions, OfWarmups) {
  using enum WarmupConvention;
  refuses([] { warmup(-1); }, "warmup: steps -1: must be at least 0");
  refuses([] { warmup(5, from_factor); },
          "warmup: start_factor is missing: the convention from_factor needs one");
  refuses([] { warmup(5, between, 0.1); },
          "warmup: start_factor 0.1 with the convention between: only from_factor takes one");
  refuses([] { warmup(5, from_factor, -0.1); },
          "warmup: start_factor -0.1: must be finite and not negative");
  refuses([] { warmup_convention("t/W"); },
          "warmup: convention \"t/W\": must be one of zero_based, one_based, between, from_factor, "
          "both_ends, exponential");
  refuses([] { untuned_warmup_steps(1.0); },
          "untuned_warmup_steps: beta2 1: must be at least 0 and below 1");
}

}  // namespace
}  // namespace kindling::schedulers
