// SPDX-License-Identifier: MIT
#include <kindling/core/error.h>
#include <kindling/optim/optimizer_state.h>
#include <kindling/schedulers/lr_scheduler.h>

#include <algorithm>
#include <limits>

namespace kindling::schedulers {
namespace {

/// The schedules of all groups as the optimizer sees them: one for all, or one for each.
class GroupSchedules {
 public:
  GroupSchedules(std::string name, std::vector<Schedule> schedules)
      : name_(std::move(name)), schedules_(std::move(schedules)) {}

  math::SchedulePoint operator()(std::size_t group, std::int64_t t, double base_lr) const {
    const Schedule& schedule = at(group);
    constexpr double kUnchanged = std::numeric_limits<double>::quiet_NaN();
    return {schedule(t, base_lr), schedule.momentum(t).value_or(kUnchanged)};
  }

 private:
  const Schedule& at(std::size_t group) const {
    if (schedules_.size() == 1) return schedules_.front();
    if (group < schedules_.size()) return schedules_[group];
    throw ValueError(message(name_, ": there are schedules for ", schedules_.size(),
                             " groups, and none for group ", group,
                             ": give one schedule for all groups, or add the group first"));
  }

  std::string name_;
  std::vector<Schedule> schedules_;
};

std::string last_lr_entry(std::size_t group) { return message("last_lr.", group); }

}  // namespace

LRScheduler::LRScheduler(optim::Optimizer& optimizer, const Schedule& schedule)
    : LRScheduler("LRScheduler", optimizer, {schedule}) {}

LRScheduler::LRScheduler(const std::string& name, optim::Optimizer& optimizer,
                         std::vector<Schedule> schedules) {
  const std::size_t groups = optimizer.group_count();
  if (schedules.size() != 1 && schedules.size() != groups) {
    throw ValueError(message(name, ": ", schedules.size(), " schedules for ", groups,
                             " parameter groups: give one for all, or one for each"));
  }
  const bool drives_momentum =
      std::any_of(schedules.begin(), schedules.end(),
                  [](const Schedule& schedule) { return schedule.drives_momentum(); });
  detail::ScheduleSource source{name, GroupSchedules(name, std::move(schedules)), drives_momentum};
  state_ = optimizer.state();
  follower_ = state_->follow(std::move(source));
}

LRScheduler::LRScheduler(LRScheduler&&) noexcept = default;
LRScheduler& LRScheduler::operator=(LRScheduler&& other) noexcept {
  follower_ = std::move(other.follower_);  // ends this one's schedule, on its own optimizer
  state_ = std::move(other.state_);
  return *this;
}
LRScheduler::~LRScheduler() = default;

detail::OptimizerState& LRScheduler::state() const {
  if (state_) return *state_;
  throw ValueError("LRScheduler: this one was moved from: use the one that it was moved to");
}

void LRScheduler::step() { state().advance_schedule(); }

std::vector<double> LRScheduler::get_last_lr() const {
  detail::check_not_reading_in_capture("get_last_lr");
  std::vector<double> lrs;
  for (std::size_t group = 0; group < state().group_count(); ++group) {
    lrs.push_back(state().current("get_last_lr", group).lr.value);
  }
  return lrs;
}

std::int64_t LRScheduler::last_epoch() const {
  detail::check_not_reading_in_capture("last_epoch");
  return state().schedule_index();
}

double LRScheduler::lr_at(std::int64_t t, std::size_t group) const {
  if (t < 0) {
    throw ValueError(
        message(state().clock().source().name, ": lr_at: t ", t, ": must not be negative"));
  }
  (void)state().group("lr_at", group);
  return state().clock().lr_at(t, group);
}

StateDict LRScheduler::state_dict() const {
  StateDict state;
  state.emplace_back("last_epoch", detail::state_scalar(static_cast<double>(last_epoch())));
  std::size_t group = 0;
  for (const double lr : get_last_lr()) {
    state.emplace_back(last_lr_entry(group++), detail::state_scalar(lr));
  }
  return state;
}

detail::TakeOver LRScheduler::prepare_load(const StateDict& saved) {
  detail::OptimizerState& state = this->state();
  const std::string name = state.clock().source().name;
  detail::StateReader reader(name, saved);
  const std::int64_t last_epoch = reader.take_count("last_epoch");
  std::vector<double> lrs;
  for (std::size_t group = 0; group < state.group_count(); ++group) {
    lrs.push_back(reader.take_scalar(last_lr_entry(group)));
    detail::check_not_negative(name.c_str(), last_lr_entry(group).c_str(), lrs.back());
  }
  reader.finish();
  return state.prepare_go_to(last_epoch, std::move(lrs));
}

}  // namespace kindling::schedulers
