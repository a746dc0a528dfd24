// SPDX-License-Identifier: MIT
#pragma once

#include <initializer_list>
#include <utility>
#include <vector>

namespace kindling::schedulers {

/// One value for all parameter groups, or one for each: `.max_lr = 0.1` or `.max_lr = {0.1, 0.01}`.
/// A maker that is called by itself serves one group.
class PerGroup {
 public:
  PerGroup() = default;  // not given
  PerGroup(double value) : values_{value} {}
  PerGroup(std::initializer_list<double> values) : values_(values) {}
  PerGroup(std::vector<double> values) : values_(std::move(values)) {}

  const std::vector<double>& values() const { return values_; }

 private:
  std::vector<double> values_;
};

}  // namespace kindling::schedulers
