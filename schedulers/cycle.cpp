// SPDX-License-Identifier: MIT
#include <kindling/schedulers/checks.h>
#include <kindling/schedulers/cycle.h>

#include <algorithm>
#include <cmath>
#include <numbers>
#include <string_view>
#include <utility>
#include <vector>

namespace kindling::schedulers {

namespace {

struct CyclicCurve {
  std::int64_t up, total;
  std::function<double(std::int64_t t, std::int64_t cycle)> scale;

  // 0 at the foot of a cycle, scale at its top.
  double height(std::int64_t t) const {
    const std::int64_t position = t % total;
    const double share =
        position <= up ? static_cast<double>(position) / static_cast<double>(up)
                       : static_cast<double>(total - position) / static_cast<double>(total - up);
    return share * scale(t, t / total + 1);
  }
};

CyclicCurve cyclic_curve(const CyclicOptions& options, const Caller& caller) {
  const std::int64_t up = options.step_size_up;
  const std::int64_t down = options.step_size_down.value_or(up);
  require_at_least(caller, "step_size_up", up, 1);
  require_at_least(caller, "step_size_down", down, 0);
  CyclicCurve curve{up, up + down, nullptr};
  require_one_of(caller, "scale_mode", options.scale_mode, {"cycle", "iterations"});
  if (options.scale_fn) {
    curve.scale = [scale_fn = options.scale_fn, by_cycle = options.scale_mode == "cycle"](
                      std::int64_t t, std::int64_t cycle) {
      return scale_fn(static_cast<double>(by_cycle ? cycle : t));
    };
    return curve;
  }
  require_one_of(caller, "mode", options.mode, {"triangular", "triangular2", "exp_range"});
  if (options.mode == "triangular") {
    curve.scale = [](std::int64_t, std::int64_t) { return 1.0; };
  } else if (options.mode == "triangular2") {
    curve.scale = [](std::int64_t, std::int64_t cycle) {
      return std::exp2(1.0 - static_cast<double>(cycle));
    };
  } else {
    require_not_negative(caller, "gamma", options.gamma);
    curve.scale = [gamma = options.gamma](std::int64_t t, std::int64_t) {
      return std::pow(gamma, static_cast<double>(t));
    };
  }
  return curve;
}

// A stretch of the one-cycle policy, from the end of the one before to step `end`, which need not
// be whole.
struct Phase {
  double end;
  double lr_from, lr_to;
  double momentum_from, momentum_to;
};

struct OneCycleCurve {
  std::vector<Phase> phases;
  bool cosine;

  struct Position {
    const Phase& phase;
    double share;  // of the phase behind us, in [0, 1]
  };

  Position at(std::int64_t step) const {
    const double t = std::min(static_cast<double>(step), phases.back().end);
    double start = 0;
    std::size_t i = 0;
    for (; i + 1 < phases.size() && t > phases[i].end; ++i) start = phases[i].end;
    const double length = phases[i].end - start;
    return {phases[i], length > 0 ? (t - start) / length : 1.0};
  }

  double between(double from, double to, double share) const {
    if (!cosine) return (to - from) * share + from;
    return to + (from - to) / 2.0 * (std::cos(std::numbers::pi * share) + 1.0);
  }
};

std::int64_t one_cycle_length(const OneCycleOptions& options, const Caller& caller) {
  if (options.total_steps != 0) {
    require_at_least(caller, "total_steps", options.total_steps, 1);
    return options.total_steps;
  }
  if (options.epochs == 0 && options.steps_per_epoch == 0) {
    throw ValueError(
        message(caller.name, ": total_steps 0: give total_steps, or epochs and steps_per_epoch"));
  }
  require_at_least(caller, "epochs", options.epochs, 1);
  require_at_least(caller, "steps_per_epoch", options.steps_per_epoch, 1);
  require(options.epochs <= INT64_MAX / options.steps_per_epoch, caller, "epochs", options.epochs,
          message("at most ", INT64_MAX / options.steps_per_epoch));
  return options.epochs * options.steps_per_epoch;
}

}  // namespace

Schedule cyclic(const CyclicOptions& options) {
  const Caller caller = caller_of("cyclic");
  const double low = value_for(caller, "base_lr", options.base_lr);
  const double high = value_for(caller, "max_lr", options.max_lr);
  const double base_momentum = value_for(caller, "base_momentum", options.base_momentum);
  const double max_momentum = value_for(caller, "max_momentum", options.max_momentum);
  const auto curve = std::make_shared<const CyclicCurve>(cyclic_curve(options, caller));

  Schedule::Momentum momentum;
  if (options.cycle_momentum) {
    momentum = [curve, base_momentum, max_momentum](std::int64_t t) -> std::optional<double> {
      return max_momentum - (max_momentum - base_momentum) * curve->height(t);
    };
  }
  return {
      Description("cyclic")
          .add(low)
          .add(high)
          .add(curve->up)
          .add("step_size_down", curve->total - curve->up, curve->up)
          .add("mode", std::string_view(options.scale_fn ? "custom" : options.mode.c_str()),
               std::string_view("triangular"))
          .add("gamma", options.gamma, 1.0),
      [curve, low, high](std::int64_t t, double) { return low + (high - low) * curve->height(t); },
      std::move(momentum)};
}

Schedule one_cycle(const OneCycleOptions& options) {
  const Caller caller = caller_of("one_cycle");
  const double top = value_for(caller, "max_lr", options.max_lr);
  require(top > 0, caller, "max_lr", top, "above 0");
  const std::int64_t steps = one_cycle_length(options, caller);
  require(options.pct_start >= 0 && options.pct_start <= 1, caller, "pct_start", options.pct_start,
          "from 0 to 1");
  require_one_of(caller, "anneal_strategy", options.anneal_strategy, {"cos", "linear"});
  require_positive(caller, "div_factor", options.div_factor);
  require_positive(caller, "final_div_factor", options.final_div_factor);
  const double low_momentum = value_for(caller, "base_momentum", options.base_momentum);
  const double high_momentum = value_for(caller, "max_momentum", options.max_momentum);

  const double first = top / options.div_factor;
  const double last = first / options.final_div_factor;
  const double rise = options.pct_start * static_cast<double>(steps);
  const double end = static_cast<double>(steps - 1);
  OneCycleCurve shape{{{rise - 1, first, top, high_momentum, low_momentum}},
                      options.anneal_strategy == "cos"};
  if (options.three_phase) {
    shape.phases.push_back({2 * rise - 2, top, first, low_momentum, high_momentum});
    shape.phases.push_back({end, first, last, high_momentum, high_momentum});
  } else {
    shape.phases.push_back({end, top, last, low_momentum, high_momentum});
  }
  const auto curve = std::make_shared<const OneCycleCurve>(std::move(shape));

  Schedule::Momentum momentum;
  if (options.cycle_momentum) {
    momentum = [curve](std::int64_t t) -> std::optional<double> {
      const auto [phase, share] = curve->at(t);
      return curve->between(phase.momentum_from, phase.momentum_to, share);
    };
  }
  return {Description("one_cycle")
              .add(top)
              .add(steps)
              .add("pct_start", options.pct_start, 0.3)
              .add("anneal_strategy", options.anneal_strategy, std::string("cos"))
              .add("div_factor", options.div_factor, 25.0)
              .add("final_div_factor", options.final_div_factor, 1e4)
              .add("three_phase", options.three_phase, false),
          [curve](std::int64_t t, double) {
            const auto [phase, share] = curve->at(t);
            return curve->between(phase.lr_from, phase.lr_to, share);
          },
          std::move(momentum), steps};
}

}  // namespace kindling::schedulers
