// SPDX-License-Identifier: MIT
#pragma once

#include <kindling/kernels/math/host_device.h>

#include <cmath>
#include <cstdint>

namespace kindling::math {

/// A hyper-parameter in double, beside its value rounded once to float for the float32 kernels.
struct Rounded {
  double value = 0;
  float rounded = 0;

  KINDLING_HOST_DEVICE void set(double v) {
    value = v;
    rounded = static_cast<float>(v);
  }
};

/// The options of a parameter group as update kernels read them.
struct HyperParameters {
  Rounded lr = {};
  Rounded momentum = {};   // SGD, RMSprop; Adam's beta1
  Rounded beta2 = {};      // Adam; RMSprop's alpha
  Rounded dampening = {};  // SGD
  Rounded eps = {};        // Adam, RMSprop
  Rounded weight_decay = {};
  bool adam = false;        // momentum is a beta, and there are bias corrections
  bool counts_all = false;  // every update counts, not only those with momentum
  bool nesterov = false;
  bool maximize = false;
  bool decoupled = false;  // AdamW: decay the parameter, not the gradient
  bool amsgrad = false;    // RMSprop: centered
};

/// What a fused update reads of its parameter group, in device memory beside the parameters. The
/// learning rate reaches a kernel only through a pointer to this record, so a replayed launch sees
/// every change of it.
struct GroupRecord : HyperParameters {
  // Derived from the above and from `updates` by refresh(), for the update that comes next. The
  // complements are formed in double: in float, 1 - 0.999 is off by 1.3e-5 of itself.
  Rounded one_minus_momentum;  // Adam's 1 - beta1
  Rounded one_minus_beta2;
  Rounded one_minus_dampening;
  double bias_correction1 = 1;  // 1 - beta1^t, t = updates + 1
  Rounded step_size;            // lr / (1 - beta1^t)
  Rounded inverse_bias2_sqrt;   // 1 / sqrt(1 - beta2^t)
  Rounded decay;                // lr * weight_decay, where the decay is decoupled

  std::int64_t updates = 0;  // that its state has taken in; bias correction uses updates + 1
  std::int64_t group = 0;    // whose schedule it follows
};

/// Recomputes what derives from the learning rate: to be called after it alone changes.
KINDLING_HOST_DEVICE void refresh_lr(GroupRecord& record) {
  record.decay.set(record.decoupled ? record.lr.value * record.weight_decay.value : 0.0);
  record.step_size.set(record.lr.value / record.bias_correction1);
}

/// Recomputes what derives from any hyper-parameter and the update count: to be called after one of
/// them changes. Adam's bias correction: Kingma & Ba, Adam, algorithm 1 (arXiv:1412.6980), with eps
/// outside as in PyTorch.
KINDLING_HOST_DEVICE void refresh(GroupRecord& record) {
  record.one_minus_momentum.set(1.0 - record.momentum.value);
  record.one_minus_beta2.set(1.0 - record.beta2.value);
  record.one_minus_dampening.set(1.0 - record.dampening.value);
  record.bias_correction1 = 1;
  record.inverse_bias2_sqrt.set(1.0);
  if (record.adam) {
    const double t = static_cast<double>(record.updates + 1);
    record.bias_correction1 = 1.0 - std::pow(record.momentum.value, t);
    record.inverse_bias2_sqrt.set(1.0 / std::sqrt(1.0 - std::pow(record.beta2.value, t)));
  }
  refresh_lr(record);
}

/// Where updates may be skipped: set by the search for non-finite gradients, read by what must then
/// stand still. One for all groups of an optimizer.
struct StepGuard {
  std::int64_t nonfinite = 0;  // whether the gradients of this step are
  std::int64_t applied = 0;    // updates that took effect
  std::int64_t skipped = 0;    // updates that did not
};

/// The counts of a guard when a scheduler last looked.
struct GuardMark {
  std::int64_t applied = 0;
  std::int64_t skipped = 0;
};

/// True when updates were tried since the mark and none took effect: then a scheduler stands still.
/// No guard: nothing is ever skipped.
KINDLING_HOST_DEVICE bool only_skipped(const StepGuard* guard, const GuardMark& mark) {
  return guard != nullptr && guard->skipped != mark.skipped && guard->applied == mark.applied;
}

/// The same, and moves the mark to now.
KINDLING_HOST_DEVICE bool stands_still(const StepGuard* guard, GuardMark& mark) {
  const bool still = only_skipped(guard, mark);
  if (guard != nullptr) mark = {guard->applied, guard->skipped};
  return still;
}

/// One point of an evaluated schedule. A NaN momentum leaves the group's as it is.
struct SchedulePoint {
  double lr;
  double momentum;
};

/// Where an optimizer's schedule stands.
struct ScheduleClock {
  std::int64_t index = 0;  // scheduler.step() calls that took effect
  GuardMark mark;
};

/// Takes over a point of the schedule.
KINDLING_HOST_DEVICE void take_point(GroupRecord& record, const SchedulePoint& point) {
  record.lr.set(point.lr);
  if (point.momentum != point.momentum) return refresh_lr(record);
  record.momentum.set(point.momentum);
  refresh(record);
}

}  // namespace kindling::math
