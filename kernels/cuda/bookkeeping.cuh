// SPDX-License-Identifier: MIT
#pragma once

#include <kindling/kernels/cuda/launch.cuh>
#include <kindling/kernels/math/group_record.h>

/// What follows an update, for one thread: the history's entry and the schedule's next point.
namespace kindling::kernels::cuda {

__device__ inline double value_of(const View& scalar) {
  return scalar.dtype == DType::float32
             ? static_cast<double>(*static_cast<const float*>(scalar.data))
             : *static_cast<const double*>(scalar.data);
}

__device__ inline void append(const AppendHistory& a) {
  if (a.history == nullptr) return;
  HistoryEntry& entry = a.history->entries[a.history->steps % History::kCapacity];
  if (a.value.data != nullptr) entry.value = value_of(a.value);
  if (a.record != nullptr) entry.lr = a.record->lr.value;
  if (a.last) ++a.history->steps;
}

__device__ inline void advance(const AdvanceSchedule& a) {
  if (a.clock == nullptr || math::stands_still(a.guard, a.clock->mark)) return;
  const math::SchedulePoint* points = a.tape + (++a.clock->index & (a.capacity - 1)) * a.groups;
  for (std::int64_t i = 0; i < a.count; ++i)
    math::take_point(a.records[i], points[a.records[i].group]);
}

}  // namespace kindling::kernels::cuda
