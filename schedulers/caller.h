// SPDX-License-Identifier: MIT
#pragma once

#include <kindling/core/api.h>

#include <cstddef>
#include <initializer_list>
#include <string_view>
#include <utility>
#include <vector>

namespace kindling::schedulers {

/// For whom a maker builds a schedule: the name its errors carry and the parameter group it serves.
/// A scheduler class passes itself: `cosine(options, {"CosineAnnealingLR", group, groups})`.
struct Caller {
  std::string_view name;
  std::size_t group = 0;
  std::size_t groups = 1;
};

/// One value for all parameter groups, or one for each: `.max_lr = 0.1` or `.max_lr = {0.1, 0.01}`.
class KINDLING_API PerGroup {
 public:
  PerGroup() = default;  // not given
  PerGroup(double value) : values_{value} {}
  PerGroup(std::initializer_list<double> values) : values_(values) {}
  PerGroup(std::vector<double> values) : values_(std::move(values)) {}

  const std::vector<double>& values() const { return values_; }

  /// The value for the caller's group. ValueError naming caller and field when none was given, when
  /// the count fits neither one nor the number of groups, or when a value is not finite or is
  /// negative.
  double at(const Caller& caller, std::string_view field) const;

 private:
  std::vector<double> values_;
};

}  // namespace kindling::schedulers
