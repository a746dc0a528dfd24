// SPDX-License-Identifier: MIT
#include <kindling/schedulers/checks.h>
#include <kindling/schedulers/schedule_body.h>
#include <kindling/schedulers/warmup.h>

#include <array>
#include <cmath>
#include <ostream>
#include <utility>

namespace kindling::schedulers {

namespace {

constexpr Caller kCaller{"warmup"};

constexpr std::array<std::pair<WarmupConvention, std::string_view>, 6> kNames{{
    {WarmupConvention::zero_based, "zero_based"},
    {WarmupConvention::one_based, "one_based"},
    {WarmupConvention::between, "between"},
    {WarmupConvention::from_factor, "from_factor"},
    {WarmupConvention::both_ends, "both_ends"},
    {WarmupConvention::exponential, "exponential"},
}};

double factor(WarmupConvention convention, double t, double steps, double start) {
  if (convention == WarmupConvention::exponential) {
    return steps > 0 ? -std::expm1(-(t + 1) / steps) : 1.0;
  }
  if (t >= steps) return 1.0;
  switch (convention) {
    case WarmupConvention::zero_based:
      return t / steps;
    case WarmupConvention::one_based:
      return (t + 1) / steps;
    case WarmupConvention::between:
      return (t + 1) / (steps + 1);
    case WarmupConvention::from_factor:
      return start + (1 - start) * t / steps;
    case WarmupConvention::both_ends:
      return steps > 1 ? t / (steps - 1) : 1.0;
    case WarmupConvention::exponential:
      break;
  }
  return 1.0;
}

std::string describe(std::int64_t steps, WarmupConvention convention,
                     std::optional<double> start_factor) {
  Description description("warmup");
  description.add(steps).add("convention", convention, WarmupConvention::one_based);
  if (start_factor) description.add("start_factor", *start_factor, -1.0);
  return description;
}

void check(std::int64_t steps, WarmupConvention convention, std::optional<double> start_factor) {
  require_at_least(kCaller, "steps", steps, 0);
  const bool wanted = convention == WarmupConvention::from_factor;
  if (wanted && !start_factor) {
    throw ValueError("warmup: start_factor is missing: the convention from_factor needs one");
  }
  if (!wanted && start_factor) {
    throw ValueError(message("warmup: start_factor ", *start_factor, " with the convention ",
                             convention, ": only from_factor takes one"));
  }
  if (start_factor) require_not_negative(kCaller, "start_factor", *start_factor);
}

}  // namespace

std::ostream& operator<<(std::ostream& out, WarmupConvention convention) {
  for (const auto& [value, name] : kNames) {
    if (value == convention) return out << name;
  }
  return out << "unknown";
}

WarmupConvention warmup_convention(std::string_view name) {
  std::string list;
  for (const auto& [value, known] : kNames) {
    if (known == name) return value;
    list += message(list.empty() ? "" : ", ", known);
  }
  throw ValueError(message("warmup: convention \"", name, "\": must be one of ", list));
}

std::int64_t untuned_warmup_steps(double beta2) {
  require(beta2 >= 0 && beta2 < 1, {"untuned_warmup_steps"}, "beta2", beta2,
          "at least 0 and below 1");
  return std::llround(2.0 / (1.0 - beta2));
}

Schedule warmup(std::int64_t steps, WarmupConvention convention,
                std::optional<double> start_factor) {
  check(steps, convention, start_factor);
  const Schedule::Value value = [convention, length = static_cast<double>(steps),
                                 start = start_factor.value_or(0.0)](std::int64_t t, double base) {
    return base * factor(convention, static_cast<double>(t), length, start);
  };
  // An exponential one, not yet at 1, goes on multiplying what follows.
  return Schedule(std::make_shared<const Schedule::Body>(
      Schedule::Body{describe(steps, convention, start_factor), value, nullptr, steps, value}));
}

}  // namespace kindling::schedulers
