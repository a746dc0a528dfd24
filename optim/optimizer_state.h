// SPDX-License-Identifier: MIT
#pragma once

// What optimizers share with schedulers and captured steps; not part of the interface.

#include <kindling/core/state_dict.h>
#include <kindling/optim/group.h>

#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

namespace kindling::detail {

class AttachedSchedule;

/// The state of an optimizer: shared, so that optimizer, schedulers and captured steps may be
/// destroyed in any order.
///
/// The host's settings of a group are what its records hold, with one exception: while updates can
/// be skipped on the device or a plateau runs there, they are an upper bound of the schedule index,
/// and synchronize() brings them up to date.
class OptimizerState {
 public:
  using GroupSpec = std::pair<std::vector<Tensor>, GroupSettings>;

  OptimizerState(const UpdateRule& rule, const std::vector<GroupSpec>& groups);
  OptimizerState(const OptimizerState&) = delete;
  OptimizerState& operator=(const OptimizerState&) = delete;

  const char* name() const noexcept { return rule_.name; }
  std::size_t group_count() const noexcept { return groups_.size(); }
  /// ValueError naming the caller's op when there is no such group.
  Group& group(const char* op, std::size_t index);
  std::vector<Group>& groups() noexcept { return groups_; }
  Device device() const noexcept { return groups_.front().device(); }

  void add_group(const GroupSpec& spec);
  void step();
  void zero_grad() noexcept;

  /// Up to date; waits for the device where it decides.
  const GroupSettings& settings(const char* op, std::size_t index);
  /// Replaces the hyper-parameters of a group, after checking them.
  void set_settings(std::size_t index, const GroupSettings& settings);
  void set_lr(std::size_t index, double lr);

  StateDict state_dict();
  void load_state_dict(const StateDict& state);

  /// The scheduler's part, while something holds it.
  std::shared_ptr<AttachedSchedule> schedule() const noexcept { return schedule_.lock(); }
  void set_schedule(const std::shared_ptr<AttachedSchedule>& schedule) noexcept {
    schedule_ = schedule;
  }
  /// Takes note of a ReduceLROnPlateau; ValueError while there is another.
  void attach_plateau(const std::shared_ptr<void>& plateau);
  /// From now on the learning rate is decided on the device.
  void set_plateau_on_device() noexcept { plateau_on_device_ = true; }

  /// True while the device decides on values that the host has to ask for.
  bool device_decides() const noexcept { return plateau_on_device_ || skips_; }
  /// Brings the host's settings up to date. Waits for the device, if it decides.
  void synchronize();

  /// True when a non-finite gradient kept the last step() from changing anything. Waits, where
  /// updates can be skipped.
  bool last_step_was_skipped() const;

  /// For the warning on scheduler.step() before optimizer.step().
  void count_schedule_step() noexcept { schedule_steps_before_ += started_ ? 0 : 1; }
  /// The run goes on from a saved one: its first step is not the first.
  void mark_resumed() noexcept { started_ = true; }

 private:
  struct Loaded;

  Group make_group(const GroupSpec& spec) const;
  void check_settings(const GroupSettings& settings) const { rule_.check(rule_.name, settings); }
  [[noreturn]] void throw_lost(std::size_t parameter, std::size_t group) const;
  void note_settings_changed() noexcept;
  void warn_before_first_step() const;
  void find_nonfinite();
  Loaded read(StateReader& reader, std::size_t index, std::size_t first_parameter) const;
  void take_over(Loaded& loaded, Group& group) const;

  const UpdateRule& rule_;
  std::uint64_t id_;  // what the storages of its parameters carry; never 0
  std::vector<Group> groups_;
  Intrusive<Storage> guard_;  // a StepGuard
  std::weak_ptr<AttachedSchedule> schedule_;
  std::weak_ptr<void> plateau_;
  bool ranges_are_stale_ = true;
  bool skips_ = false;  // a group has skip_nonfinite
  bool plateau_on_device_ = false;
  bool started_ = false;  // a step was made, here or in the run that goes on
  std::int64_t schedule_steps_before_ = 0;
};

}  // namespace kindling::detail
