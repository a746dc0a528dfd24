// SPDX-License-Identifier: MIT
#pragma once

// Internal to optim; not part of the interface.

#include <kindling/core/storage.h>
#include <kindling/kernels/math/group_record.h>

#include <cstdint>
#include <exception>
#include <functional>
#include <string>
#include <vector>

namespace kindling::detail {

/// What a scheduler gives an optimizer to follow: the point of each group at step t, a pure
/// function that may throw. A NaN momentum leaves the group's own.
struct ScheduleSource {
  std::string name;  // of the scheduler, for errors
  std::function<math::SchedulePoint(std::size_t group, std::int64_t t, double base_lr)> point;
  bool drives_momentum = false;  // at some t
};

/// The clock of an optimizer's groups: the schedule they follow, evaluated on the host some steps
/// ahead into a tape, and the step at which it stands. The tape is a ring of rows, one point for
/// each group, on the host and in device memory, where scheduler.step() moves the records along it
/// in the order of all other commands. The host mirrors nothing but the index.
class Clock {
 public:
  static constexpr std::int64_t kCapacity = 128;  // rows of the tape

  bool runs() const noexcept { return static_cast<bool>(source_.point); }
  const ScheduleSource& source() const noexcept { return source_; }
  /// Where updates can be skipped, the device's clock may be behind, never ahead.
  std::int64_t index() const noexcept { return index_; }
  /// The point of a group at index().
  const math::SchedulePoint& now(std::size_t group) const noexcept { return at(index_, group); }
  /// The same at a t that is still, or already, on the tape.
  const math::SchedulePoint& at(std::int64_t t, std::size_t group) const noexcept {
    return row(t)[group];
  }
  /// What the schedule gives a group at t, with its base.
  double lr_at(std::int64_t t, std::size_t group) const {
    return source_.point(group, t, base_lrs_[group]).lr;
  }

  /// A clock that stands at t of a schedule, with the given bases (and as many groups); Adam's
  /// momentum, a beta, is held below 1. Nothing is written to the device until write(). Throws what
  /// the schedule throws at t, or a ValueError naming scheduler, value and t.
  Clock(ScheduleSource source, std::vector<double> base_lrs, bool adam, std::int64_t t);
  /// One that does not run.
  Clock() = default;

  /// Allocates device memory, or takes over that of an earlier clock for as many groups.
  void make_memory(Device device, const Clock& earlier);
  /// Puts index and tape there; `mark`: where the optimizer's guard stands.
  void write(const math::GuardMark& mark);
  /// Evaluates and uploads until the rows after index() suffice for `wanted` steps of `per_step`
  /// each, or for as many as the schedule and the tape have room for. Returns for how many they do;
  /// throws where that is none. `lags`: the device may be behind, and is asked before rows are
  /// replaced.
  std::int64_t prepare(std::int64_t wanted, std::int64_t per_step, bool lags);
  /// The host's index goes on.
  void advance(std::int64_t steps) noexcept { index_ += steps; }
  /// The device's clock. Waits.
  math::ScheduleClock fetch() const;
  /// Takes over the index that the device has reached. Waits.
  void fetch_index();

  math::ScheduleClock* on_device() const;
  const math::SchedulePoint* tape() const;
  std::int64_t groups() const noexcept { return std::ssize(base_lrs_); }

 private:
  math::SchedulePoint* row(std::int64_t t) noexcept {
    return &tape_[static_cast<std::size_t>(t % kCapacity * groups())];
  }
  const math::SchedulePoint* row(std::int64_t t) const noexcept {
    return &tape_[static_cast<std::size_t>(t % kCapacity * groups())];
  }
  math::SchedulePoint checked_point(std::size_t group, std::int64_t t) const;
  void evaluate(std::int64_t end);
  void upload(std::int64_t begin) const;

  ScheduleSource source_;
  std::vector<double> base_lrs_;
  bool adam_ = false;
  std::int64_t index_ = 0;
  std::int64_t ready_ = 0;                 // the first t that is not evaluated
  std::exception_ptr failure_;             // why t = ready_ cannot be, if it was tried
  std::vector<math::SchedulePoint> tape_;  // [kCapacity, groups]
  Intrusive<Storage> memory_;              // one ScheduleClock, then the tape
};

}  // namespace kindling::detail
