// SPDX-License-Identifier: MIT
#include <kindling/core/command.h>
#include <kindling/optim/attached_schedule.h>

#include <algorithm>
#include <cmath>

namespace kindling::detail {

static_assert(sizeof(math::SchedulePoint) == 2 * sizeof(double));

AttachedSchedule::AttachedSchedule(std::shared_ptr<OptimizerState> state, std::string name,
                                   Evaluate evaluate, bool drives_momentum)
    : state_(std::move(state)),
      name_(std::move(name)),
      evaluate_(std::move(evaluate)),
      drives_momentum_(drives_momentum) {}

std::shared_ptr<AttachedSchedule> AttachedSchedule::attach(std::shared_ptr<OptimizerState> state,
                                                           std::string name, Evaluate evaluate,
                                                           bool drives_momentum) {
  if (const auto other = state->schedule()) {
    throw ValueError(message(name, ": the optimizer already has a scheduler, ", other->name(),
                             ": combine schedules with ChainedScheduler or SequentialLR"));
  }
  std::shared_ptr<AttachedSchedule> attached(new AttachedSchedule(
      std::move(state), std::move(name), std::move(evaluate), drives_momentum));
  attached->go_to(0);
  attached->state_->set_schedule(attached);
  return attached;
}

math::SchedulePoint AttachedSchedule::point(std::size_t group, std::int64_t t) const {
  const Group& target = state_->groups()[group];
  const math::SchedulePoint value = evaluate_(group, t, target.base_lr);
  if (!std::isfinite(value.lr) || value.lr < 0) {
    throw ValueError(message(name_, ": learning rate ", value.lr, " at t = ", t, " (group ", group,
                             "): must be finite and not negative"));
  }
  const bool fits = target.settings.adam ? value.momentum >= 0 && value.momentum < 1
                                         : value.momentum >= 0 && std::isfinite(value.momentum);
  if (!std::isnan(value.momentum) && !fits) {
    throw ValueError(message(name_, ": momentum ", value.momentum, " at t = ", t, " (group ", group,
                             "): must be finite and not negative",
                             target.settings.adam ? ", and below 1" : ""));
  }
  return value;
}

// Never throws what a point throws: a schedule may well end before what is looked ahead for.
void AttachedSchedule::evaluate_ahead(Points& points, std::int64_t count) const {
  const std::int64_t end = points.ready + count;
  for (; points.ready < end && !points.failure; ++points.ready) {
    for (std::size_t group = 0; group < points.rings.size(); ++group) {
      try {
        points.rings[group][static_cast<std::size_t>(points.ready % kCapacity)] =
            point(group, points.ready);
      } catch (...) {
        points.failure = std::current_exception();
        return;
      }
    }
  }
}

AttachedSchedule::Points AttachedSchedule::points_from(std::int64_t t) const {
  Points points;
  points.rings.assign(state_->group_count(), std::vector<math::SchedulePoint>(kCapacity));
  points.ready = t;
  evaluate_ahead(points, kFirstChunk);
  return points;
}

void AttachedSchedule::make_tapes() {
  tapes_.reserve(state_->group_count());
  while (tapes_.size() < state_->group_count()) {
    tapes_.push_back(Storage::allocate(2 * kCapacity, DType::float64, state_->device()));
  }
}

// The points from `begin` to points_.ready, which may wrap around the end of the ring once.
void AttachedSchedule::upload(std::int64_t begin) {
  kernels::Backend& backend = state_->groups().front().backend();
  while (begin < points_.ready) {
    const std::int64_t slot = begin % kCapacity;
    const std::int64_t count = std::min(points_.ready - begin, kCapacity - slot);
    for (std::size_t group = 0; group < points_.rings.size(); ++group) {
      backend.upload(static_cast<math::SchedulePoint*>(tapes_[group]->data) + slot,
                     points_.rings[group].data() + slot,
                     static_cast<std::size_t>(count) * sizeof(math::SchedulePoint));
    }
    begin += count;
  }
}

// Gives the values of step t to the host's settings.
void AttachedSchedule::take(std::size_t group, std::int64_t t) {
  const math::SchedulePoint& values = points_.rings[group][static_cast<std::size_t>(t % kCapacity)];
  GroupSettings& settings = state_->groups()[group].settings;
  settings.schedule_index = t;
  settings.lr.set(values.lr);
  if (!std::isnan(values.momentum)) settings.momentum.set(values.momentum);
}

void AttachedSchedule::go_to(std::int64_t t) { go_to(t, 0); }

void AttachedSchedule::go_to(std::int64_t t, std::size_t first_group) {
  state_->synchronize();
  Points points = points_from(t);
  if (points.ready == t) std::rethrow_exception(points.failure);
  make_tapes();
  std::vector<Group>& groups = state_->groups();
  std::vector<bool> restart(groups.size());
  for (std::size_t group = first_group; group < groups.size(); ++group) {
    GroupSettings with_momentum = groups[group].settings;
    with_momentum.momentum_scheduled |= drives_momentum_;
    restart[group] = groups[group].add_buffers(with_momentum);
  }
  points_ = std::move(points);
  upload(t);
  for (std::size_t group = first_group; group < groups.size(); ++group) {
    groups[group].settings.momentum_scheduled |= drives_momentum_;
    take(group, t);
    groups[group].write_settings(restart[group]);
  }
}

void AttachedSchedule::add_last_group() {
  go_to(state_->groups().front().settings.schedule_index, state_->group_count() - 1);
}

void AttachedSchedule::refill() {
  const std::int64_t next = index() + 1;
  points_ = points_from(next);
  upload(next);
}

double AttachedSchedule::lr_at(std::int64_t t, std::size_t group) const {
  return evaluate_(group, t, state_->group("lr_at", group).base_lr).lr;
}

std::int64_t AttachedSchedule::index() const {
  state_->synchronize();
  return state_->groups().front().settings.schedule_index;
}

// The next t, which the tapes then hold.
std::int64_t AttachedSchedule::make_ready(std::int64_t next) {
  if (state_->device_decides()) next = index() + 1;  // the device may be behind
  if (next < points_.ready) return next;
  const std::int64_t begin = points_.ready;
  evaluate_ahead(points_, kChunk);
  upload(begin);
  if (points_.ready <= next) std::rethrow_exception(points_.failure);
  return next;
}

void AttachedSchedule::step() {
  std::vector<Group>& groups = state_->groups();
  std::int64_t next = groups.front().settings.schedule_index + 1;
  if (next >= points_.ready) next = make_ready(next);
  for (std::size_t i = 0; i < groups.size(); ++i) {
    const Group& group = groups[i];
    const auto* tape = static_cast<const math::SchedulePoint*>(tapes_[i]->data);
    for (std::size_t record = 0; record < group.record_count(); ++record) {
      issue(group.backend(), kernels::AdvanceSchedule{group.record(record), tape, kCapacity});
    }
    take(i, next);
  }
  state_->count_schedule_step();
}

}  // namespace kindling::detail
