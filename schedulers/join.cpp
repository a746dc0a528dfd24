// SPDX-License-Identifier: MIT
// One schedule after the other, by their lengths.
#include <kindling/schedulers/checks.h>
#include <kindling/schedulers/schedule_body.h>

#include <algorithm>
#include <utility>

namespace kindling::schedulers {

namespace {

std::int64_t end_of(const Schedule& schedule, const char* op) {
  if (schedule.length()) return *schedule.length();
  throw ValueError(
      message(op, ": ", schedule, " has no end of its own: say how long it lasts by for_steps()"));
}

}  // namespace

Schedule Schedule::then(const Schedule& next) const {
  const std::int64_t end = end_of(*this, "then");
  const Schedule& first = *this;
  Body whole{description() + " then " + grouped(next.description()),
             [end, first, next](std::int64_t t, double base) {
               return t < end ? first(t, base) : next(t - end, first.onward(t, base));
             },
             nullptr};
  if (drives_momentum() || next.drives_momentum()) {
    whole.momentum = [end, first, next](std::int64_t t) {
      return t < end ? first.momentum(t) : next.momentum(t - end);
    };
  }
  if (next.length()) whole.length = sum_of_lengths(end, *next.length());
  if (body_->onward || next.body_->onward) {
    whole.onward = [end, first, next](std::int64_t t, double base) {
      return next.onward(t - end, first.onward(t, base));
    };
  }
  return Schedule(std::make_shared<const Body>(std::move(whole)));
}

double Schedule::onward(std::int64_t t, double base_lr) const {
  return body_->onward ? body_->onward(t, base_lr) : base_lr;
}

Schedule Schedule::for_steps(std::int64_t steps) const {
  require_at_least({"for_steps"}, "steps", steps, 0);
  return {message(grouped(description()), " for ", steps), body_->value, body_->momentum, steps};
}

Schedule Schedule::hold() const {
  const std::int64_t end = end_of(*this, "hold");
  Momentum momentum;
  if (drives_momentum())
    momentum = [end, first = *this](std::int64_t t) { return first.momentum(std::min(t, end)); };
  return {description() + " then hold",
          [end, value = body_->value](std::int64_t t, double base) {
            return value(std::min(t, end), base);
          },
          std::move(momentum)};
}

}  // namespace kindling::schedulers
