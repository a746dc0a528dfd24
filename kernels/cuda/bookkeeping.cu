// SPDX-License-Identifier: MIT
#include <kindling/kernels/cuda/bookkeeping.cuh>
#include <kindling/kernels/math/plateau.h>

/// The commands that one thread does: on records, clocks and the history.
namespace kindling::kernels::cuda {
namespace {

__global__ void advance_schedule(AdvanceSchedule a) { advance(a); }

__global__ void append_history(AppendHistory a) { append(a); }

__global__ void advance_plateau(AdvancePlateau a) {
  if (math::stands_still(a.guard, a.state->mark)) return;
  if (!math::plateau_step(a.rule, *a.state, value_of(a.metric))) return;
  for (std::int64_t i = 0; i < a.count; ++i) {
    math::GroupRecord& record = a.records[i];
    record.lr.set(math::plateau_reduced(a.rule, record.lr.value, a.min_lr[record.group]));
    math::refresh_lr(record);
  }
}

__global__ void write_record(WriteRecord a) {
  if (a.source != nullptr) {
    *a.record = *a.source;
    return;
  }
  static_cast<math::HyperParameters&>(*a.record) = a.values;
  a.record->group = a.group;
  if (a.updates >= 0) a.record->updates = a.updates;
  math::refresh(*a.record);
}

}  // namespace

void run(Context& context, const AdvanceSchedule& a) {
  if (a.clock != nullptr) launch(context, "AdvanceSchedule", advance_schedule, 1, 1, a);
}

void run(Context& context, const AppendHistory& a) {
  if (a.history != nullptr) launch(context, "AppendHistory", append_history, 1, 1, a);
}

void run(Context& context, const AdvancePlateau& a) {
  launch(context, "AdvancePlateau", advance_plateau, 1, 1, a);
}

void run(Context& context, const WriteRecord& a) {
  launch(context, "WriteRecord", write_record, 1, 1, a);
}

}  // namespace kindling::kernels::cuda
