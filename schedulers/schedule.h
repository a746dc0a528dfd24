// SPDX-License-Identifier: MIT
#pragma once

#include <kindling/core/api.h>

#include <cstdint>
#include <functional>
#include <iosfwd>
#include <memory>
#include <optional>
#include <string>

namespace kindling::schedulers {

/// A learning rate as a pure function of the step, free of any optimizer; copies are cheap and
/// share one immutable body.
///
/// `schedule(t, base_lr)` may be called for any t, in any order, from any thread, as often as
/// wanted. t counts scheduler steps from 0; a negative t reads as 0, and past its end a schedule
/// goes on by its formula. Nothing here throws, unless a function given by the user does.
class KINDLING_API Schedule {
 public:
  /// The learning rate at step t >= 0, given the base learning rate of the parameter group.
  using Value = std::function<double(std::int64_t t, double base_lr)>;
  /// The momentum (SGD) or beta1 (Adam) at step t >= 0, or nothing where the optimizer's own
  /// stands.
  using Momentum = std::function<std::optional<double>(std::int64_t t)>;

  /// A schedule of one's own; `value` and `momentum` must be pure. ValueError when `value` is
  /// empty.
  Schedule(std::string description, Value value, Momentum momentum = nullptr);
  // No move: it would leave a schedule behind that is none.
  Schedule(const Schedule&) = default;
  Schedule& operator=(const Schedule&) = default;

  /// The learning rate at step t. With the default base it is the factor that multiplies the base
  /// learning rate, for all but cyclic and one_cycle, which are given in absolute learning rates
  /// and ignore the base.
  double operator()(std::int64_t t, double base_lr = 1.0) const;

  /// The momentum or beta1 at step t, or nothing when this schedule leaves it alone there.
  std::optional<double> momentum(std::int64_t t) const;

  /// True when momentum() gives a value at some t.
  bool drives_momentum() const;

  /// How the schedule was made, e.g. "warmup(100) then cosine(900)".
  const std::string& description() const;

 private:
  struct Body;
  std::shared_ptr<const Body> body_;
};

/// Writes description().
KINDLING_API std::ostream& operator<<(std::ostream& out, const Schedule& schedule);

}  // namespace kindling::schedulers
