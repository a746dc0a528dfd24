// SPDX-License-Identifier: MIT
#include "demo/gallery.h"

#include <kindling/core/error.h>
#include <kindling/core/makers.h>
#include <kindling/optim/optimizers.h>
#include <kindling/schedulers/reduce_lr_on_plateau.h>
#include <kindling/schedulers/schedules.h>

#include <array>
#include <cmath>
#include <limits>

namespace kindling::demo {
namespace {

using schedulers::Schedule;
using schedulers::WarmupConvention;

std::vector<double> step_numbers(std::int64_t steps) {
  std::vector<double> numbers;
  for (std::int64_t t = 0; t < steps; ++t) numbers.push_back(static_cast<double>(t));
  return numbers;
}

std::vector<double> learning_rates(const Schedule& schedule, std::int64_t steps, double lr) {
  std::vector<double> values;
  for (std::int64_t t = 0; t < steps; ++t) values.push_back(schedule(t, lr));
  return values;
}

// The six ways to count a warm-up, over few enough steps to tell them apart.
Picture warmup_conventions() {
  constexpr std::int64_t kWarmup = 5;
  constexpr std::int64_t kSteps = 9;
  Panel panel{"Factor", {}, Scale::from_zero};
  int colour = 0;
  for (const auto convention : {WarmupConvention::zero_based, WarmupConvention::one_based,
                                WarmupConvention::between, WarmupConvention::both_ends,
                                WarmupConvention::from_factor, WarmupConvention::exponential}) {
    const auto start =
        convention == WarmupConvention::from_factor ? std::optional(0.3) : std::nullopt;
    panel.series.push_back(
        {.name = message(convention),
         .x = step_numbers(kSteps),
         .y = learning_rates(schedulers::warmup(kWarmup, convention, start), kSteps, 1.0),
         .colour = colour++,
         .dotted = true});
  }
  return {"warmup_conventions",
          {"Warm-up conventions",
           "warmup(5, convention), from_factor with start_factor=0.3",
           "Step",
           {panel}}};
}

// A loss that comes down to a floor, which is the lower the smaller the learning rate is.
Picture plateau() {
  constexpr std::int64_t kSteps = 301;
  optim::SGD optimizer({zeros({1}, {.requires_grad = true})}, {.lr = 0.1});
  schedulers::ReduceLROnPlateau scheduler(optimizer, {.factor = 0.5, .threshold = 0.01});
  Series rate{.x = step_numbers(kSteps), .filled = true};
  Series metric{.x = step_numbers(kSteps), .colour = 1};
  double loss = 2.0;
  for (std::int64_t t = 0; t < kSteps; ++t) {
    rate.y.push_back(optimizer.lr());
    metric.y.push_back(loss);
    scheduler.step(loss);
    loss += 0.08 * (0.1 + 10.0 * optimizer.lr() - loss);
  }
  return {"plateau",
          {"ReduceLROnPlateau",
           "factor = 0.5, patience = 10, threshold = 0.01, base learning rate 0.1",
           "Step",
           {{"Learning rate", {rate}, Scale::from_zero}, {"Metric", {metric}, Scale::from_zero}}}};
}

}  // namespace

Figure schedule_figure(const std::string& title, const Schedule& schedule, std::int64_t steps,
                       double lr) {
  const std::vector<double> x = step_numbers(steps);
  Figure figure{title, message(schedule, ", base learning rate ", lr), "Step", {}};
  figure.panels.push_back({"Learning rate",
                           {{.x = x, .y = learning_rates(schedule, steps, lr), .filled = true}},
                           Scale::from_zero});
  if (schedule.drives_momentum()) {
    std::vector<double> momentum;
    for (std::int64_t t = 0; t < steps; ++t) {
      momentum.push_back(schedule.momentum(t).value_or(std::numeric_limits<double>::quiet_NaN()));
    }
    figure.panels.push_back({"Momentum", {{.x = x, .y = momentum, .colour = 1}}});
  }
  return figure;
}

std::vector<Picture> schedule_gallery() {
  struct Entry {
    const char* name;
    const char* title;
    const char* expression;
    std::int64_t steps;
    double lr = 0.1;
  };
  constexpr std::array entries{
      Entry{"warmup", "Warm-up", "warmup(30)", 101},
      Entry{"step", "StepLR", "step(300, gamma=0.5)", 1101},
      Entry{"multi_step", "MultiStepLR", "multi_step(300, 800, gamma=0.3)", 1201},
      Entry{"constant", "ConstantLR", "constant(0.3, 300)", 1001},
      Entry{"linear", "LinearLR", "linear(0.2, 1, 60)", 101},
      Entry{"exponential", "ExponentialLR", "exponential(0.97)", 121},
      Entry{"polynomial", "PolynomialLR", "polynomial(100, power=2)", 121},
      Entry{"cosine", "CosineAnnealingLR", "cosine(100, eta_min=0.01)", 101},
      Entry{"warm_restarts", "CosineAnnealingWarmRestarts", "warm_restarts(200, T_mult=2)", 1400},
      Entry{"cyclic", "CyclicLR", "cyclic(0.01, 0.1, 20, mode=triangular2)", 161},
      Entry{"one_cycle", "OneCycleLR", "one_cycle(0.1, 200)", 201},
      Entry{"inverse_sqrt", "Inverse square root", "warmup(20) then inverse_sqrt(20)", 201},
      Entry{"noam", "Noam", "noam(512, 40)", 201, 1.0},
      Entry{"swa", "SWALR", "swa(0.03, 60)", 121},
      Entry{"wsd", "Warm-up, stable, decay", "wsd(20, 120, 60)", 201},
      Entry{"sequence", "SequentialLR",
            "constant(0.3, 300) then linear(1, 0.5, 300) for 500 then exponential(0.995)", 1401},
      Entry{"chain", "ChainedScheduler", "step(400, gamma=0.5) * warmup(300)", 1401},
      Entry{"warmup_cosine", "Warm-up, then cosine", "warmup(20) then cosine(180)", 201},
  };
  std::vector<Picture> pictures;
  for (const Entry& entry : entries) {
    const Schedule schedule = Schedule::parse(entry.expression);
    pictures.push_back({entry.name, schedule_figure(entry.title, schedule, entry.steps, entry.lr)});
    pictures.back().figure.subtitle = message(entry.expression, ", base learning rate ", entry.lr);
  }

  const Schedule lambda = schedulers::lambda([](std::int64_t t) {
    const std::int64_t halvings = t / 250;
    return std::pow(0.5, static_cast<double>(halvings));
  });
  pictures.push_back({"lambda", schedule_figure("LambdaLR", lambda, 1201, 0.1)});
  pictures.back().figure.subtitle = "[](std::int64_t t) { return std::pow(0.5, t / 250); }";
  const Schedule multiplicative =
      schedulers::multiplicative([](std::int64_t t) { return t < 40 ? 0.99 : 0.96; });
  pictures.push_back(
      {"multiplicative", schedule_figure("MultiplicativeLR", multiplicative, 121, 0.1)});
  pictures.back().figure.subtitle = "[](std::int64_t t) { return t < 40 ? 0.99 : 0.96; }";
  pictures.push_back(warmup_conventions());
  pictures.push_back(plateau());
  return pictures;
}

}  // namespace kindling::demo
