// SPDX-License-Identifier: MIT
#pragma once

#include <kindling/core/api.h>
#include <kindling/core/state_dict.h>
#include <kindling/optim/optimizer.h>
#include <kindling/schedulers/schedule.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace kindling::schedulers {

/// Moves the learning rates of an optimizer's groups (and the momentum or beta1, where the schedule
/// gives one) along a schedule, whose base is the learning rate that each group was given by its
/// options, or by set_lr() while it had no scheduler. Building one sets the values of t = 0. An
/// optimizer takes one at a time: a second is a ValueError that names ChainedScheduler.
///
/// A schedule is evaluated ahead of time, and so must be pure. A value that is not finite, or
/// negative, is a ValueError naming scheduler, value and t, raised by the step() that reaches it
/// (or by the constructor) with nothing changed; what a function of the user throws is kept and
/// thrown likewise. When updates can be skipped on the device (skip_nonfinite), a step() since
/// whose predecessor all updates were skipped changes nothing, and host values wait for the device.
///
/// Movable; may be destroyed before or after the optimizer. Destroying it leaves the values as they
/// are.
class KINDLING_API LRScheduler {
 public:
  /// One schedule for all groups, each with its own base.
  LRScheduler(optim::Optimizer& optimizer, const Schedule& schedule);
  LRScheduler(LRScheduler&&) noexcept;
  LRScheduler& operator=(LRScheduler&&) noexcept;
  virtual ~LRScheduler();

  /// The next point of the schedule: call it after optimizer.step().
  void step();
  /// The learning rate of each group.
  std::vector<double> get_last_lr() const;
  /// The t of the current values: steps taken.
  std::int64_t last_epoch() const;
  /// The learning rate at t, for drawing and looking ahead; changes nothing. ValueError for a
  /// negative t.
  double lr_at(std::int64_t t, std::size_t group = 0) const;

  /// "last_epoch" and the current learning rates; the base is in the optimizer's state.
  StateDict state_dict() const;
  /// ValueError, with nothing changed, when it does not fit.
  void load_state_dict(const StateDict& state) { prepare_load(state)(); }

  /// How load() begins, and the entries' prefix; see core/save.h.
  detail::TakeOver prepare_load(const StateDict& state);
  static constexpr const char* kStateKind = "scheduler";

 protected:
  /// For the named classes: errors carry `name`. schedules: one for all groups, or one for each.
  LRScheduler(const std::string& name, optim::Optimizer& optimizer,
              std::vector<Schedule> schedules);

 private:
  detail::OptimizerState& state() const;

  std::shared_ptr<detail::OptimizerState> state_;
  std::shared_ptr<void> follower_;  // the optimizer follows the schedule while this is held
};

}  // namespace kindling::schedulers
