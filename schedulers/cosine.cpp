// SPDX-License-Identifier: MIT
#include <kindling/schedulers/checks.h>
#include <kindling/schedulers/cosine.h>

#include <cmath>
#include <numbers>

namespace kindling::schedulers {

namespace {

// From `top` at t = 0 down half a cosine wave to `bottom` at t = length.
double half_wave(double top, double bottom, std::int64_t t, std::int64_t length) {
  const double angle = std::numbers::pi * static_cast<double>(t) / static_cast<double>(length);
  return bottom + (top - bottom) * (1.0 + std::cos(angle)) / 2.0;
}

struct Cycle {
  std::int64_t position;
  std::int64_t length;
};

// The cycle that holds step t when each is `growth` times as long as the one before. At most 63
// rounds, since the lengths at least double.
Cycle cycle_at(std::int64_t t, std::int64_t length, std::int64_t growth) {
  if (growth == 1) return {t % length, length};
  while (t >= length) {
    t -= length;
    if (length > INT64_MAX / growth) return {t, INT64_MAX};  // this cycle ends past the last t
    length *= growth;
  }
  return {t, length};
}

}  // namespace

Schedule cosine(const CosineOptions& options) {
  const Caller caller = caller_of("cosine");
  require_at_least(caller, "T_max", options.T_max, 1);
  require_not_negative(caller, "eta_min", options.eta_min);
  return {Description("cosine").add(options.T_max).add("eta_min", options.eta_min, 0.0),
          [length = options.T_max, eta_min = options.eta_min](std::int64_t t, double base) {
            const bool rising = (t / length) % 2 == 1;
            const std::int64_t position = t % length;
            return half_wave(base, eta_min, rising ? length - position : position, length);
          },
          nullptr, options.T_max};
}

Schedule warm_restarts(const WarmRestartsOptions& options) {
  const Caller caller = caller_of("warm_restarts");
  require_at_least(caller, "T_0", options.T_0, 1);
  require_at_least(caller, "T_mult", options.T_mult, 1);
  require_not_negative(caller, "eta_min", options.eta_min);
  return {Description("warm_restarts")
              .add(options.T_0)
              .add("T_mult", options.T_mult, std::int64_t{1})
              .add("eta_min", options.eta_min, 0.0),
          [first = options.T_0, growth = options.T_mult, eta_min = options.eta_min](std::int64_t t,
                                                                                    double base) {
            const Cycle cycle = cycle_at(t, first, growth);
            return half_wave(base, eta_min, cycle.position, cycle.length);
          }};
}

}  // namespace kindling::schedulers
