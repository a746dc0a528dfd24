// SPDX-License-Identifier: MIT
#pragma once

// What schedulers share with the optimizer they drive; not part of the interface.

#include <kindling/core/storage.h>
#include <kindling/kernels/backend.h>
#include <kindling/optim/optimizer_state.h>

#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace kindling::detail {

/// A schedule at work on an optimizer. It is evaluated on the host, some points ahead, into one
/// tape for each group in device memory, from which advance_schedule takes the next point in the
/// order of all other kernels.
class AttachedSchedule {
 public:
  /// The values of group `group` at step t; a NaN momentum leaves the group's own. Pure; may throw.
  using Evaluate =
      std::function<math::SchedulePoint(std::size_t group, std::int64_t t, double base_lr)>;

  /// Sets the values of t = 0. ValueError, naming scheduler, value and t, when these are refused or
  /// when the optimizer has a scheduler already. `drives_momentum`: momentum is given at some t.
  static std::shared_ptr<AttachedSchedule> attach(std::shared_ptr<OptimizerState> state,
                                                  std::string name, Evaluate evaluate,
                                                  bool drives_momentum);

  const std::string& name() const noexcept { return name_; }
  OptimizerState& state() const noexcept { return *state_; }

  /// The learning rate of a group at step t. ValueError when there is no such group; what evaluate
  /// throws.
  double lr_at(std::int64_t t, std::size_t group) const;
  /// scheduler.step().
  void step();
  /// The t of the current values. Waits for the device where it decides.
  std::int64_t index() const;
  /// Sets the values of step t. What evaluate throws for it, or a ValueError, with nothing changed.
  void go_to(std::int64_t t);
  /// Evaluates again from the next step on, after a base learning rate changed; the current values
  /// stand.
  void refill();
  /// For OptimizerState: serves the group that was added last, from the current t on. As go_to().
  void add_last_group();

 private:
  static constexpr std::int64_t kCapacity = 128;  // points of a tape, a ring
  static constexpr std::int64_t kChunk = 64;      // points evaluated at a time
  static constexpr std::int64_t kFirstChunk = 8;

  /// The points of all groups from `begin` on; `ready` is the first t that is not evaluated.
  struct Points {
    std::vector<std::vector<math::SchedulePoint>> rings;  // [group][t % kCapacity]
    std::int64_t ready = 0;
    std::exception_ptr failure;  // why t = ready cannot be evaluated, if it was tried
  };

  AttachedSchedule(std::shared_ptr<OptimizerState> state, std::string name, Evaluate evaluate,
                   bool drives_momentum);

  math::SchedulePoint point(std::size_t group, std::int64_t t) const;
  void evaluate_ahead(Points& points, std::int64_t count) const;
  Points points_from(std::int64_t t) const;
  void make_tapes();
  void upload(std::int64_t begin);
  void take(std::size_t group, std::int64_t t);
  void go_to(std::int64_t t, std::size_t first_group);
  std::int64_t make_ready(std::int64_t next);

  std::shared_ptr<OptimizerState> state_;
  std::string name_;
  Evaluate evaluate_;
  bool drives_momentum_;
  Points points_;
  std::vector<Intrusive<Storage>> tapes_;  // one for each group
};

}  // namespace kindling::detail
