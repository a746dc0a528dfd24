// SPDX-License-Identifier: MIT
#include <kindling/kernels/cpu/clip.h>
#include <kindling/kernels/cpu/kernels.h>
#include <kindling/kernels/cpu/loops.h>
#include <kindling/kernels/math/optimizers.h>

#include <cstdint>

namespace kindling::kernels::cpu::KINDLING_ISA {
namespace {

/// One range; as many states are given as the optimizer keeps.
template <class Rule, class T, class... States>
void update_range(const Rule rule, std::int64_t count, T* parameter, const T* gradient,
                  States*... states) {
  simd_for(count, [=](std::int64_t i) { rule(parameter[i], gradient[i], states[i]...); });
}

template <class Rule, class T>
void update(const UpdateRange& range, double clip) {
  const Rule rule(*range.record);
  for_each_block(range.parameter.numel, kElementsPerBlock,
                 [&](std::int64_t begin, std::int64_t end) {
                   const std::int64_t count = end - begin;
                   T* parameter = elements<T>(range.parameter) + begin;
                   T* gradient = elements<T>(range.gradient) + begin;
                   if (clip != 1.0) scale_gradient({gradient, count, range.gradient.dtype}, clip);
                   const auto state = [&](int s) { return elements<T>(range.state[s]) + begin; };
                   if constexpr (requires(T x) { rule(x, x); }) {
                     if (range.state[0].data == nullptr)
                       return update_range(rule, count, parameter, gradient);
                   }
                   if constexpr (requires(T x) { rule(x, x, x); }) {
                     if (range.state[1].data == nullptr)
                       return update_range(rule, count, parameter, gradient, state(0));
                   }
                   if constexpr (requires(T x) { rule(x, x, x, x); }) {
                     if (range.state[2].data == nullptr)
                       return update_range(rule, count, parameter, gradient, state(0), state(1));
                   }
                   if constexpr (requires(T x) { rule(x, x, x, x, x); })
                     update_range(rule, count, parameter, gradient, state(0), state(1), state(2));
                 });
}

double value_of(const View& scalar) {
  return scalar.dtype == DType::float32 ? double{*elements<const float>(scalar)}
                                        : *elements<const double>(scalar);
}

}  // namespace

void run(const Update& u) {
  const bool skipped = u.guard != nullptr && u.guard->nonfinite != 0;
  if (u.guard != nullptr) ++(skipped ? u.guard->skipped : u.guard->applied);
  const double clip =
      u.clip_total == nullptr ? 1.0 : math::clip_coefficient(math::sqrt(*u.clip_total), u.max_norm);
  for (std::int64_t r = 0; r < u.count; ++r) {
    const UpdateRange& range = u.ranges[r];
    if (skipped) {  // the gradients are clipped all the same
      if (clip != 1.0) scale_gradient(range.gradient, clip);
      continue;
    }
    if (range.parameter.dtype == DType::float32)
      math::visit<float>(u.op, [&]<class Rule>() { update<Rule, float>(range, clip); });
    else
      math::visit<double>(u.op, [&]<class Rule>() { update<Rule, double>(range, clip); });
    if (range.advance) math::advance_update(*range.record);
  }
  run(u.history);
  run(u.schedule);
}

void run(const AdvanceSchedule& a) {
  if (a.clock == nullptr || math::stands_still(a.guard, a.clock->mark)) return;
  const math::SchedulePoint* points = a.tape + (++a.clock->index & (a.capacity - 1)) * a.groups;
  for (std::int64_t i = 0; i < a.count; ++i)
    math::take_point(a.records[i], points[a.records[i].group]);
}

void run(const AppendHistory& a) {
  if (a.history == nullptr) return;
  HistoryEntry& entry = a.history->entries[a.history->steps % History::kCapacity];
  if (a.value.data != nullptr) entry.value = value_of(a.value);
  if (a.record != nullptr) entry.lr = a.record->lr.value;
  if (a.last) ++a.history->steps;
}

void run(const AdvancePlateau& a) {
  if (math::stands_still(a.guard, a.state->mark)) return;
  if (!math::plateau_step(a.rule, *a.state, value_of(a.metric))) return;
  for (std::int64_t i = 0; i < a.count; ++i) {
    math::GroupRecord& record = a.records[i];
    record.lr.set(math::plateau_reduced(a.rule, record.lr.value, a.min_lr[record.group]));
    math::refresh_lr(record);
  }
}

void run(const WriteRecord& a) {
  if (a.source != nullptr) {
    *a.record = *a.source;
    return;
  }
  static_cast<math::HyperParameters&>(*a.record) = a.values;
  a.record->group = a.group;
  if (a.updates >= 0) a.record->updates = a.updates;
  math::refresh(*a.record);
}

}  // namespace kindling::kernels::cpu::KINDLING_ISA
