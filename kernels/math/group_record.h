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

/// Shared by all groups of one optimizer: set by the search for non-finite gradients, read by what
/// must then stand still.
struct StepGuard {
  std::int32_t nonfinite = 0;
};

/// What a fused update reads of its parameter group, in device memory beside the parameters. The
/// learning rate reaches a kernel only through a pointer to this record, so a replayed launch sees
/// every change of it.
struct GroupRecord {
  Rounded lr;
  Rounded momentum;   // SGD's momentum; Adam's beta1
  Rounded beta2;      // Adam
  Rounded dampening;  // SGD
  Rounded eps;        // Adam
  Rounded weight_decay;

  // Derived from the above and from `updates` by refresh(), for the update that comes next. The
  // complements are formed in double: in float, 1 - 0.999 is off by 1.3e-5 of itself.
  Rounded one_minus_momentum;  // Adam's 1 - beta1
  Rounded one_minus_beta2;
  Rounded one_minus_dampening;
  double bias_correction1 = 1;  // 1 - beta1^t, t = updates + 1
  Rounded step_size;            // lr / (1 - beta1^t)
  Rounded inverse_bias2_sqrt;   // 1 / sqrt(1 - beta2^t)
  Rounded decay_factor;         // 1 - lr * weight_decay, for decoupled decay

  std::int64_t updates = 0;         // updates applied so far; bias correction uses updates + 1
  std::int64_t schedule_index = 0;  // scheduler.step() calls that took effect
  const StepGuard* guard = nullptr;

  bool adam = false;  // refresh() computes bias corrections
  bool nesterov = false;
  bool maximize = false;
  bool decoupled = false;  // AdamW: decay the parameter, not the gradient
  bool skip_nonfinite = false;

  /// True when this step found a non-finite gradient and must change nothing.
  KINDLING_HOST_DEVICE bool skipped() const { return skip_nonfinite && guard->nonfinite != 0; }
};

/// Recomputes what derives from the learning rate: to be called after it alone changes.
KINDLING_HOST_DEVICE void refresh_lr(GroupRecord& record) {
  record.decay_factor.set(1.0 - record.lr.value * record.weight_decay.value);
  record.step_size.set(record.lr.value / record.bias_correction1);
}

/// Recomputes what derives from any hyper-parameter and the update count: to be called after one of
/// them changes. Adam's bias correction: Kingma & Ba, Adam, algorithm 1 (arXiv:1412.6980), with eps
/// outside as in PyTorch.
KINDLING_HOST_DEVICE void refresh(GroupRecord& record) {
  record.one_minus_momentum.set(1.0 - record.momentum.value);
  record.one_minus_beta2.set(1.0 - record.beta2.value);
  record.one_minus_dampening.set(1.0 - record.dampening.value);
  if (record.adam) {
    const double t = static_cast<double>(record.updates + 1);
    record.bias_correction1 = 1.0 - std::pow(record.momentum.value, t);
    record.inverse_bias2_sqrt.set(1.0 / std::sqrt(1.0 - std::pow(record.beta2.value, t)));
  }
  refresh_lr(record);
}

/// One point of an evaluated schedule. A NaN momentum leaves the group's as it is.
struct SchedulePoint {
  double lr;
  double momentum;
};

/// scheduler.step() on the device: moves to the next point of the schedule, unless the step was
/// skipped. tape: the points of a ring of `capacity`, the point of index t at t % capacity.
KINDLING_HOST_DEVICE void advance_schedule(GroupRecord& record, const SchedulePoint* tape,
                                           std::int64_t capacity) {
  if (record.skipped()) return;
  ++record.schedule_index;
  const SchedulePoint point = tape[record.schedule_index % capacity];
  record.lr.set(point.lr);
  if (point.momentum != point.momentum) return refresh_lr(record);
  record.momentum.set(point.momentum);
  refresh(record);
}

}  // namespace kindling::math
