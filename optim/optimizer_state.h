// SPDX-License-Identifier: MIT
#pragma once

// What optimizers share with schedulers and captured steps; not part of the interface.

#include <kindling/core/state_dict.h>
#include <kindling/optim/clock.h>
#include <kindling/optim/group.h>
#include <kindling/optim/records.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace kindling::detail {

/// The state of an optimizer: shared, so that optimizer, schedulers and captured steps may be
/// destroyed in any order. What kernels read lies in the records; the host knows the values that it
/// set itself and, by the clock's index, those of the schedule. Where updates can be skipped on the
/// device, or a plateau runs there, it has to ask.
class OptimizerState : public std::enable_shared_from_this<OptimizerState> {
 public:
  struct GroupSpec {
    std::vector<Tensor> tensors;
    math::HyperParameters values;
    bool skip_nonfinite = false;
  };

  OptimizerState(const UpdateRule& rule, const std::vector<GroupSpec>& specs);
  OptimizerState(const OptimizerState&) = delete;
  OptimizerState& operator=(const OptimizerState&) = delete;

  const UpdateRule& rule() const noexcept { return rule_; }
  const char* name() const noexcept { return rule_.name; }
  std::size_t group_count() const noexcept { return groups_.size(); }
  /// ValueError naming the caller's op when there is no such group.
  Group& group(const char* op, std::size_t index);
  Device device() const noexcept { return groups_.front().device(); }
  bool skips_nonfinite() const noexcept { return skips_; }
  const Records& records() const noexcept { return records_; }
  /// What step() updates, as it was for the last one.
  const std::vector<kernels::UpdateRange>& ranges() const noexcept { return ranges_->on_host; }

  void add_group(const GroupSpec& spec);
  void step();
  void zero_grad();

  /// The values that the next update of a group uses. Waits where the device decides.
  math::HyperParameters current(const char* op, std::size_t group);
  /// Replaces the options of a group, after checking them.
  void set_options(std::size_t group, const math::HyperParameters& values, bool skip_nonfinite);
  void set_skip_nonfinite(bool skip);
  void set_lr(std::size_t group, double lr);

  /// The state, its tensors in the arenas themselves.
  StateDict state_views();
  TakeOver prepare_load(const StateDict& state);

  /// Lets the groups follow a schedule, from t = 0, while something holds the result. ValueError
  /// where they follow one already, or what the schedule throws; then nothing has changed.
  std::shared_ptr<void> follow(ScheduleSource source);
  bool follows_schedule() const noexcept { return clock_.runs(); }
  const Clock& clock() const noexcept { return clock_; }
  /// scheduler.step().
  void advance_schedule();
  /// Will put the groups to step t of their schedule, at learning rates that hold until the next.
  TakeOver prepare_go_to(std::int64_t t, std::vector<double> lrs);
  /// The t of the current values. Waits where updates can be skipped.
  std::int64_t schedule_index();

  /// Takes note of a ReduceLROnPlateau; ValueError while there is another.
  void attach_plateau(const std::shared_ptr<void>& plateau);
  /// A group's learning rate goes down: the base of its schedule, or without one the rate itself.
  void reduce_lr(const math::PlateauRule& rule, const std::vector<double>& min_lrs);
  /// The same by the device, from a metric. memory: one PlateauState, then min_lr [groups].
  void advance_plateau(const View& metric, const math::PlateauRule& rule,
                       const Intrusive<Storage>& memory);
  /// The guard of updates that can be skipped. Waits.
  math::StepGuard fetch_guard() const;

  /// The run goes on from a saved one: its first step is not the first.
  void mark_resumed() noexcept { started_ = true; }

 private:
  struct Loaded;
  struct Coming;
  class Captured;
  struct Follower;

  /// The ranges of one step; a captured step keeps those that it uses.
  struct RangeTable {
    std::vector<kernels::UpdateRange> on_host;
    Intrusive<Storage> memory;
  };

  void check_values(const math::HyperParameters& values, bool momentum_scheduled) const {
    rule_.check(rule_.name, values, momentum_scheduled);
  }
  void check_same_skipping(std::size_t group, bool skip_nonfinite, bool others) const;
  [[noreturn]] void throw_lost(std::size_t parameter, std::size_t group) const;
  kernels::Backend& backend() const { return backend_of(device()); }
  math::StepGuard* guard() const { return skips_ ? memory_of<math::StepGuard>(guard_) : nullptr; }
  bool device_decides() const noexcept { return plateau_on_device_ || skips_; }
  /// What a schedule would multiply now. Waits where the device decides.
  std::vector<double> base_lrs();
  /// What the schedule has seen of the guard, or of a new one now.
  math::GuardMark schedule_mark() const;
  void structure_changed() noexcept;
  void warn_before_first_step();
  void make_ranges();
  /// A clock at step t, with its memory, to take the place of the one that runs.
  Clock make_clock(ScheduleSource source, std::vector<double> bases, std::int64_t t) const;
  void set_clock(Clock clock);
  void take_momentum(std::int64_t steps);
  /// The schedule went on by that many steps.
  void went_on(std::int64_t steps);
  /// Takes part in the step that is being captured.
  Captured& join_capture();
  Loaded read(StateReader& reader, std::size_t index, std::size_t first_parameter);
  void take_over(const Loaded& loaded, std::size_t index);
  std::shared_ptr<Coming> coming();
  bool set_updates(const std::vector<Loaded>& loaded);

  const UpdateRule& rule_;
  std::uint64_t id_;  // what the storages of its parameters carry; never 0
  std::vector<Group> groups_;
  Records records_;
  Intrusive<Storage> guard_;  // one StepGuard
  Clock clock_;
  std::weak_ptr<void> follower_;
  std::weak_ptr<void> plateau_;
  std::weak_ptr<Coming> coming_;
  std::shared_ptr<RangeTable> ranges_;
  std::uint64_t structure_ = 0;  // rises with every change that a captured step cannot follow
  bool ranges_are_stale_ = true;
  bool skips_ = false;
  bool plateau_on_device_ = false;
  bool started_ = false;  // a step was made, here or in the run that goes on
  std::int64_t schedule_steps_before_ = 0;
};

}  // namespace kindling::detail
