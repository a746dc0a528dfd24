// SPDX-License-Identifier: MIT
#include <kindling/schedulers/checks.h>
#include <kindling/schedulers/transformer.h>

#include <algorithm>
#include <cmath>
#include <numbers>

namespace kindling::schedulers {

namespace {

// How much of the way down is left after `progress` in [0, 1] of the decay.
using Remaining = double (*)(double progress);

Remaining remaining_of(const std::string& decay_type, const Caller& caller) {
  require_one_of(caller, "decay_type", decay_type, {"1-sqrt", "linear", "cosine"});
  if (decay_type == "linear") return [](double progress) { return 1.0 - progress; };
  if (decay_type == "cosine") {
    return [](double progress) { return (1.0 + std::cos(std::numbers::pi * progress)) / 2.0; };
  }
  return [](double progress) { return 1.0 - std::sqrt(progress); };
}

}  // namespace

Schedule inverse_sqrt(const InverseSqrtOptions& options) {
  const Caller caller = caller_of("inverse_sqrt");
  require_at_least(caller, "timescale", options.timescale, 1);
  return {Description("inverse_sqrt").add(options.timescale),
          [scale = static_cast<double>(options.timescale)](std::int64_t t, double base) {
            return base * std::sqrt(scale / (static_cast<double>(t) + scale));
          }};
}

Schedule noam(const NoamOptions& options) {
  const Caller caller = caller_of("noam");
  require_at_least(caller, "d_model", options.d_model, 1);
  require_at_least(caller, "warmup_steps", options.warmup_steps, 0);
  const double width = 1.0 / std::sqrt(static_cast<double>(options.d_model));
  const double slope =
      std::pow(static_cast<double>(options.warmup_steps), -1.5);  // 0 steps: infinite
  return {Description("noam").add(options.d_model).add(options.warmup_steps),
          [width, slope](std::int64_t t, double base) {
            const double k = static_cast<double>(t) + 1.0;
            return base * width * std::min(1.0 / std::sqrt(k), k * slope);
          }};
}

Schedule wsd(const WsdOptions& options) {
  const Caller caller = caller_of("wsd");
  require_at_least(caller, "warmup_steps", options.warmup_steps, 0);
  require_at_least(caller, "stable_steps", options.stable_steps, 0);
  require_at_least(caller, "decay_steps", options.decay_steps, 1);
  require_not_negative(caller, "min_lr_ratio", options.min_lr_ratio);
  require(options.warmup != WarmupConvention::from_factor, caller, "warmup", options.warmup,
          "a convention without a start_factor");
  const Remaining remaining = remaining_of(options.decay_type, caller);
  const auto decay = [remaining, stable = options.stable_steps, steps = options.decay_steps,
                      floor = options.min_lr_ratio](std::int64_t t, double base) {
    if (t <= stable) return base;
    if (t - stable >= steps) return base * floor;
    const double progress = static_cast<double>(t - stable) / static_cast<double>(steps);
    return base * (floor + (1.0 - floor) * remaining(progress));
  };
  const Schedule whole = warmup(options.warmup_steps, options.warmup).then({"decay", decay});
  return {Description("wsd")
              .add(options.warmup_steps)
              .add(options.stable_steps)
              .add(options.decay_steps)
              .add("decay_type", options.decay_type, std::string("1-sqrt"))
              .add("min_lr_ratio", options.min_lr_ratio, 0.0)
              .add("warmup", options.warmup, WarmupConvention::one_based),
          [whole](std::int64_t t, double base) { return whole(t, base); }, nullptr,
          sum_of_lengths(options.warmup_steps,
                         sum_of_lengths(options.stable_steps, options.decay_steps))};
}

}  // namespace kindling::schedulers
