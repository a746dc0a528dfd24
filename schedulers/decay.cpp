// SPDX-License-Identifier: MIT
#include <kindling/schedulers/checks.h>
#include <kindling/schedulers/decay.h>

#include <algorithm>
#include <cmath>
#include <numbers>
#include <utility>

namespace kindling::schedulers {

namespace {

// How much of `total` steps lies behind step t, in [0, 1]; a length of 0 is over at once.
double progress(std::int64_t t, std::int64_t total) {
  return t >= total ? 1.0 : static_cast<double>(t) / static_cast<double>(total);
}

}  // namespace

Schedule constant(const ConstantOptions& options) {
  const Caller caller = caller_of("constant");
  require_not_negative(caller, "factor", options.factor);
  require_at_least(caller, "total_iters", options.total_iters, 0);
  return {Description("constant").add(options.factor).add(options.total_iters),
          [factor = options.factor, total = options.total_iters](std::int64_t t, double base) {
            return t < total ? base * factor : base;
          },
          nullptr, options.total_iters};
}

Schedule linear(const LinearOptions& options) {
  const Caller caller = caller_of("linear");
  require_not_negative(caller, "start_factor", options.start_factor);
  require_not_negative(caller, "end_factor", options.end_factor);
  require_at_least(caller, "total_iters", options.total_iters, 0);
  return {Description("linear")
              .add(options.start_factor)
              .add(options.end_factor)
              .add(options.total_iters),
          [start = options.start_factor, end = options.end_factor, total = options.total_iters](
              std::int64_t t, double base) {
            if (t >= total) return base * end;
            return base * (start + (end - start) * progress(t, total));
          },
          nullptr, options.total_iters};
}

Schedule exponential(const ExponentialOptions& options) {
  const Caller caller = caller_of("exponential");
  require_positive(caller, "gamma", options.gamma);
  return {Description("exponential").add(options.gamma),
          [gamma = options.gamma](std::int64_t t, double base) {
            return base * std::pow(gamma, static_cast<double>(t));
          }};
}

Schedule polynomial(const PolynomialOptions& options) {
  const Caller caller = caller_of("polynomial");
  require_at_least(caller, "total_iters", options.total_iters, 0);
  require_not_negative(caller, "power", options.power);
  return {Description("polynomial").add(options.total_iters).add("power", options.power, 1.0),
          [total = options.total_iters, power = options.power](std::int64_t t, double base) {
            return base * std::pow(1.0 - progress(t, total), power);
          },
          nullptr, options.total_iters};
}

Schedule swa(const SwaOptions& options) {
  const Caller caller = caller_of("swa");
  const double swa_lr = value_for(caller, "swa_lr", options.swa_lr);
  require_at_least(caller, "anneal_epochs", options.anneal_epochs, 0);
  require_one_of(caller, "anneal_strategy", options.anneal_strategy, {"cos", "linear"});
  const bool straight = options.anneal_strategy == "linear";
  return {Description("swa")
              .add(swa_lr)
              .add(options.anneal_epochs)
              .add("anneal_strategy", options.anneal_strategy, std::string("cos")),
          [swa_lr, straight, total = options.anneal_epochs](std::int64_t t, double base) {
            const double p = progress(t, total);
            const double way = straight ? p : (1.0 - std::cos(std::numbers::pi * p)) / 2.0;
            return swa_lr * way + base * (1.0 - way);
          },
          nullptr, options.anneal_epochs};
}

Schedule step(const StepOptions& options) {
  const Caller caller = caller_of("step");
  require_at_least(caller, "step_size", options.step_size, 1);
  require_not_negative(caller, "gamma", options.gamma);
  return {Description("step").add(options.step_size).add("gamma", options.gamma, 0.1),
          [size = options.step_size, gamma = options.gamma](std::int64_t t, double base) {
            const std::int64_t drops = t / size;
            return base * std::pow(gamma, static_cast<double>(drops));
          }};
}

Schedule multi_step(const MultiStepOptions& options) {
  const Caller caller = caller_of("multi_step");
  if (options.milestones.empty()) {
    throw ValueError(message(caller.name, ": milestones is empty: give at least one"));
  }
  Description description("multi_step");
  for (const std::int64_t milestone : options.milestones) {
    require(milestone >= 0, caller, "milestones", milestone, "0 or more");
    description.add(milestone);
  }
  require_not_negative(caller, "gamma", options.gamma);
  description.add("gamma", options.gamma, 0.1);

  std::vector<std::int64_t> milestones = options.milestones;
  std::sort(milestones.begin(), milestones.end());
  return {description,
          [milestones = std::move(milestones), gamma = options.gamma](std::int64_t t, double base) {
            const auto passed = std::upper_bound(milestones.begin(), milestones.end(), t);
            return base * std::pow(gamma, static_cast<double>(passed - milestones.begin()));
          }};
}

}  // namespace kindling::schedulers
