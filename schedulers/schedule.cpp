// SPDX-License-Identifier: MIT
#include <kindling/core/error.h>
#include <kindling/schedulers/schedule_body.h>

#include <algorithm>
#include <ostream>
#include <utility>

namespace kindling::schedulers {

Schedule::Schedule(std::string description, Value value, Momentum momentum,
                   std::optional<std::int64_t> length) {
  if (!value)
    throw ValueError(
        message("Schedule: ", description, " has an empty function: give one that can be called"));
  if (length && *length < 0)
    throw ValueError(
        message("Schedule: ", description, ": length ", *length, ": must be 0 or more"));
  body_ = std::make_shared<const Body>(
      Body{std::move(description), std::move(value), std::move(momentum), length});
}

double Schedule::operator()(std::int64_t t, double base_lr) const {
  return body_->value(std::max<std::int64_t>(t, 0), base_lr);
}

std::optional<double> Schedule::momentum(std::int64_t t) const {
  if (!body_->momentum) return std::nullopt;
  return body_->momentum(std::max<std::int64_t>(t, 0));
}

bool Schedule::drives_momentum() const { return static_cast<bool>(body_->momentum); }

std::optional<std::int64_t> Schedule::length() const { return body_->length; }

const std::string& Schedule::description() const { return body_->description; }

std::ostream& operator<<(std::ostream& out, const Schedule& schedule) {
  return out << schedule.description();
}

}  // namespace kindling::schedulers
