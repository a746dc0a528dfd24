// SPDX-License-Identifier: MIT
#pragma once

#include <kindling/kernels/math/group_record.h>

#include <cmath>
#include <cstdint>

namespace kindling::math {

/// When a metric has stopped improving: the options of PyTorch's ReduceLROnPlateau.
struct PlateauRule {
  double factor = 0.1;
  double threshold = 1e-4;
  double eps = 1e-8;
  std::int64_t patience = 10;
  std::int64_t cooldown = 0;
  bool maximize = false;  // mode "max"
  bool absolute = false;  // threshold_mode "abs"
};

/// What the rule remembers between metrics; begin with plateau_start().
struct PlateauState {
  double best = 0;
  std::int64_t bad_epochs = 0;     // since the best
  std::int64_t cooldown_left = 0;  // steps in which nothing counts as bad
  std::int64_t last_epoch = 0;     // metrics seen
  GuardMark mark;                  // of the optimizer's guard, when the last one came
};

/// The state before the first metric: anything beats it.
KINDLING_HOST_DEVICE PlateauState plateau_start(const PlateauRule& rule) {
  PlateauState state;
  state.best = rule.maximize ? -HUGE_VAL : HUGE_VAL;
  return state;
}

/// True when `metric` beats `best` by the threshold; never for a NaN. As in PyTorch, a relative
/// threshold makes a negative metric easier, not harder, to beat: prefer the absolute one there.
KINDLING_HOST_DEVICE bool plateau_improves(const PlateauRule& rule, double metric, double best) {
  if (rule.maximize) {
    return metric > (rule.absolute ? best + rule.threshold : best * (rule.threshold + 1.0));
  }
  return metric < (rule.absolute ? best - rule.threshold : best * (1.0 - rule.threshold));
}

/// Takes in one metric; true when the learning rate is to be reduced now. A NaN counts as no
/// improvement.
KINDLING_HOST_DEVICE bool plateau_step(const PlateauRule& rule, PlateauState& state,
                                       double metric) {
  ++state.last_epoch;
  if (plateau_improves(rule, metric, state.best)) {
    state.best = metric;
    state.bad_epochs = 0;
  } else {
    ++state.bad_epochs;
  }
  if (state.cooldown_left > 0) {
    --state.cooldown_left;
    state.bad_epochs = 0;
  }
  if (state.bad_epochs <= rule.patience) return false;
  state.cooldown_left = rule.cooldown;
  state.bad_epochs = 0;
  return true;
}

/// The learning rate after a reduction: times the factor but not below `min_lr`, and left alone
/// when that would change it by no more than eps.
KINDLING_HOST_DEVICE double plateau_reduced(const PlateauRule& rule, double lr, double min_lr) {
  const double scaled = lr * rule.factor;
  const double reduced = scaled < min_lr ? min_lr : scaled;
  return lr - reduced > rule.eps ? reduced : lr;
}

}  // namespace kindling::math
