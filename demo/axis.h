// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

namespace kindling::demo {

struct Tick {
  double value;
  std::string label;  ///< empty for a minor tick
};

/// A range of values, how it maps to [0, 1], and where its ticks stand.
class Axis {
 public:
  /// A linear axis from `low` to `high`, about `tick_count` ticks at 1, 2 or 5 times a power of
  /// ten.
  static Axis linear(double low, double high, int tick_count);
  /// As linear(), with the ends moved out to the next ticks.
  static Axis linear_rounded(double low, double high, int tick_count);
  /// A logarithmic axis, 0 < low; labels on the powers of ten, or on 1, 2 and 5 times those when
  /// the range is short.
  static Axis logarithmic(double low, double high);

  /// Where `value` stands, 0 at the low end and 1 at the high one.
  double position(double value) const;
  const std::vector<Tick>& ticks() const { return ticks_; }

 private:
  Axis(double low, double high, bool logarithmic);
  static Axis with_step(double low, double high, double step);

  double low_, high_;
  bool logarithmic_;
  std::vector<Tick> ticks_;
};

}  // namespace kindling::demo
