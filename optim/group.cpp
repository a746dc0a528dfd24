// SPDX-License-Identifier: MIT
#include <kindling/optim/group.h>

namespace kindling::detail {
namespace {

// Arenas that are walked together start at different offsets modulo 4 KiB: equal ones make loads
// and stores wait for each other (measured).
constexpr std::int64_t kArenaStagger = 768;  // bytes; keeps 256-byte alignment

// True when this gradient can be moved into an arena as it is, so that handles on it follow.
bool is_movable(const TensorImpl& gradient, const TensorImpl& parameter) {
  const Storage& storage = *gradient.storage;
  return storage.dtype == parameter.storage->dtype && storage.device == parameter.storage->device &&
         gradient.offset == 0 && gradient.numel == parameter.numel &&
         storage.numel == gradient.numel;
}

}  // namespace

Group::Group(const UpdateRule& rule, const std::vector<Tensor>& tensors,
             const math::HyperParameters& initial)
    : values(initial),
      base_lr(initial.lr.value),
      rule_(&rule),
      dtype_(tensors.front().dtype()),
      device_(tensors.front().device()) {
  for (const Tensor& tensor : tensors) {
    parameters.push_back({.impl = Intrusive<TensorImpl>(tensor.impl()), .offset = numel_});
    numel_ += kernels::padded_numel(tensor.numel(), dtype_);
  }
  parameters_ = make_arena(0);
  gradients_ = make_arena(1);
  states = missing_states();
  for (GroupParameter& parameter : parameters) {
    const TensorImpl& impl = *parameter.impl;
    if (impl.grad && is_movable(*impl.grad, impl)) {
      parameter.gradient = impl.grad;
    } else {
      parameter.gradient = TensorImpl::make(
          Storage::within(gradients_.memory, gradients_.start + parameter.offset, impl.numel), 0,
          impl.shape);
    }
  }
}

Group::States Group::missing_states() const {
  States made = states;
  for (std::size_t s = 0; s < rule_->states.size(); ++s) {
    if (uses_state(s) && !made[s].exists()) made[s] = make_state(s);
  }
  return made;
}

Arena Group::make_arena(std::size_t index) const {
  Arena arena;
  arena.start = static_cast<std::int64_t>(index) * kArenaStagger / size_of(dtype_);
  arena.memory = Storage::allocate(arena.start + numel_, dtype_, device_);
  issue(backend_of(device_), kernels::Fill{{arena.memory->data, arena.memory->numel, dtype_}, 0});
  return arena;
}

void Group::adopt(std::uint64_t optimizer, std::size_t record) {
  for (GroupParameter& parameter : parameters) {
    TensorImpl& impl = *parameter.impl;
    parameter.record = record;
    impl.storage->move_into(parameters_.memory, parameters_.start + parameter.offset);
    impl.storage->optimizer = optimizer;
    if (impl.grad == parameter.gradient) {
      impl.grad->storage->move_into(gradients_.memory, gradients_.start + parameter.offset);
    } else {
      impl.grad = parameter.gradient;
      impl.grad_defined = false;
    }
  }
}

void Group::use_all(Recorder& in) const {
  for (const GroupParameter& parameter : parameters) {
    in.use(*parameter.impl->storage);
    in.use(*parameter.gradient->storage);
  }
}

void Group::append_ranges(std::vector<kernels::UpdateRange>& ranges,
                          math::GroupRecord* records) const {
  const std::size_t first = ranges.size();
  const GroupParameter* previous = nullptr;
  for (const GroupParameter& parameter : parameters) {
    const bool goes_on =
        previous != nullptr && previous->has_gradient && previous->record == parameter.record;
    previous = &parameter;
    if (!parameter.has_gradient) continue;
    const std::int64_t numel = kernels::padded_numel(parameter.impl->numel, dtype_);
    if (!goes_on) {
      kernels::UpdateRange& made = ranges.emplace_back();
      made.parameter = parameters_.view(parameter.offset, 0);
      made.gradient = gradients_.view(parameter.offset, 0);
      made.record = records + parameter.record;
      for (std::size_t s = 0; s < rule_->states.size(); ++s) {
        if (uses_state(s)) made.state[s] = states[s].view(parameter.offset, 0);
      }
    }
    kernels::UpdateRange& range = ranges.back();
    range.parameter.numel += numel;
    range.gradient.numel += numel;
    for (View& state : range.state) state.numel += state.data == nullptr ? 0 : numel;
  }
  for (std::size_t i = first; i < ranges.size(); ++i) {
    ranges[i].advance = true;
    for (std::size_t later = i + 1; later < ranges.size(); ++later)
      ranges[i].advance &= ranges[later].record != ranges[i].record;
  }
}

std::vector<Tensor> Group::tensors() const {
  std::vector<Tensor> handles;
  for (const GroupParameter& parameter : parameters) handles.emplace_back(parameter.impl);
  return handles;
}

}  // namespace kindling::detail
