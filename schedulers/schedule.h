// SPDX-License-Identifier: MIT
#pragma once

#include <kindling/core/api.h>

#include <cstdint>
#include <functional>
#include <iosfwd>
#include <memory>
#include <optional>
#include <string>
#include <utility>

namespace kindling::schedulers {

/// A learning rate as a pure function of the step, free of any optimizer; copies are cheap and
/// share one immutable body.
///
/// `schedule(t, base_lr)` may be called for any t, in any order, from any thread, as often as
/// wanted. t counts scheduler steps from 0; a negative t reads as 0, and past its end a schedule
/// goes on by its formula, unless hold() stops it there. No call throws, unless a function given by
/// the user does.
class KINDLING_API Schedule {
 public:
  /// The learning rate at step t >= 0, given the base learning rate of the parameter group.
  using Value = std::function<double(std::int64_t t, double base_lr)>;
  /// The momentum (SGD) or beta1 (Adam) at step t >= 0, or nothing where the optimizer's own
  /// stands.
  using Momentum = std::function<std::optional<double>(std::int64_t t)>;

  /// A schedule of one's own; `value` and `momentum` must be pure. Its length is how many steps it
  /// takes to its end, if it has one. ValueError when `value` is empty, or the length negative.
  Schedule(std::string description, Value value, Momentum momentum = nullptr,
           std::optional<std::int64_t> length = std::nullopt);
  struct Body;  ///< not part of the interface
  explicit Schedule(std::shared_ptr<const Body> body) : body_(std::move(body)) {}
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

  /// How many steps it takes to its end: 900 for cosine({.T_max = 900}), 0 to 899. Nothing for one
  /// that goes on for ever.
  std::optional<std::int64_t> length() const;

  /// This schedule to its end, then `next` on a clock of its own, which starts at 0, and from the
  /// base learning rate. (What follows an exponential warm-up goes on being multiplied by it.)
  /// ValueError where this one has no end.
  Schedule then(const Schedule& next) const;

  /// This schedule with its end after `steps` steps: for one that has none, or to cut it short.
  Schedule for_steps(std::int64_t steps) const;

  /// This schedule to its end, and from there on for ever what it is at that step: `cosine` stays
  /// at eta_min. ValueError where it has no end.
  Schedule hold() const;

  /// Reads a schedule such as "warmup(100) then cosine(900)"; docs/schedulers.md has the grammar.
  /// Percentages are of `total_steps`; without it (0) they are refused. ValueError that shows the
  /// text with a caret at the place of a mistake, be it one of grammar or a value that a schedule
  /// refuses.
  static Schedule parse(const std::string& text, std::int64_t total_steps = 0);

  /// How the schedule was made, e.g. "warmup(100) then cosine(900)".
  const std::string& description() const;

 private:
  // What a schedule that follows by then() takes for base, at a step t of this one past its end.
  double onward(std::int64_t t, double base_lr) const;

  std::shared_ptr<const Body> body_;
};

/// Writes description().
KINDLING_API std::ostream& operator<<(std::ostream& out, const Schedule& schedule);

}  // namespace kindling::schedulers
