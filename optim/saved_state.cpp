// SPDX-License-Identifier: MIT
#include <kindling/core/makers.h>
#include <kindling/optim/attached_schedule.h>
#include <kindling/optim/optimizer_state.h>

#include <string>

namespace kindling::detail {
namespace {

std::string group_entry(std::size_t group, const char* field) {
  return message("param_groups.", group, ".", field);
}

std::string parameter_entry(std::size_t parameter, const char* field) {
  return message("state.", parameter, ".", field);
}

Tensor copy_of(const Arena& arena, const GroupParameter& parameter, Device device) {
  const View source = arena.view(parameter.offset, parameter.impl->numel);
  const Tensor copy = empty(parameter.impl->shape, {.dtype = source.dtype, .device = device});
  issue_copy(device, source, view(copy));
  return copy;
}

}  // namespace

StateDict OptimizerState::state_dict() {
  synchronize();
  StateDict state;
  for (std::size_t i = 0; i < groups_.size(); ++i) {
    const GroupSettings& settings = groups_[i].settings;
    for (const UpdateRule::Number& number : rule_.numbers) {
      state.emplace_back(group_entry(i, number.name),
                         state_scalar((settings.*number.member).value));
    }
    for (const UpdateRule::Flag& flag : rule_.flags) {
      state.emplace_back(group_entry(i, flag.name), state_scalar(settings.*flag.member ? 1 : 0));
    }
    state.emplace_back(group_entry(i, "base_lr"), state_scalar(groups_[i].base_lr));
  }
  std::size_t number = 0;
  for (const Group& group : groups_) {
    const std::vector<std::int64_t> updates = group.updates();
    for (std::size_t i = 0; i < group.parameters.size(); ++i, ++number) {
      state.emplace_back(parameter_entry(number, "step"),
                         state_scalar(static_cast<double>(updates[i])));
      for (std::size_t b = 0; b < rule_.buffers.size(); ++b) {
        if (!group.buffers[b].exists()) continue;
        state.emplace_back(parameter_entry(number, rule_.buffers[b]),
                           copy_of(group.buffers[b], group.parameters[i], group.device()));
      }
    }
  }
  return state;
}

/// What was read for one group, before any of it is taken over.
struct OptimizerState::Loaded {
  GroupSettings settings;
  double base_lr = 0;
  std::vector<std::int64_t> updates;  // of each parameter
  std::array<std::vector<const Tensor*>, kMaxBuffers>
      values;  // of each parameter; empty: no such buffer
  std::array<Arena, kMaxBuffers> buffers;
};

OptimizerState::Loaded OptimizerState::read(StateReader& reader, std::size_t index,
                                            std::size_t first_parameter) const {
  const Group& group = groups_[index];
  Loaded loaded;
  loaded.settings = group.settings;
  for (const UpdateRule::Number& number : rule_.numbers) {
    (loaded.settings.*number.member).set(reader.take_scalar(group_entry(index, number.name)));
  }
  for (const UpdateRule::Flag& flag : rule_.flags) {
    loaded.settings.*flag.member = reader.take_scalar(group_entry(index, flag.name)) != 0;
  }
  check_settings(loaded.settings);
  loaded.base_lr = reader.take_scalar(group_entry(index, "base_lr"));
  check_not_negative(name(), "base_lr", loaded.base_lr);
  for (std::size_t i = 0; i < group.parameters.size(); ++i) {
    loaded.updates.push_back(reader.take_count(parameter_entry(first_parameter + i, "step")));
  }
  for (std::size_t b = 0; b < rule_.buffers.size(); ++b) {
    const char* buffer = rule_.buffers[b];
    if (!rule_.uses_buffer(loaded.settings, b) &&
        !reader.has(parameter_entry(first_parameter, buffer))) {
      continue;
    }
    for (std::size_t i = 0; i < group.parameters.size(); ++i) {
      loaded.values[b].push_back(&reader.take(parameter_entry(first_parameter + i, buffer),
                                              group.parameters[i].impl->shape));
    }
    loaded.buffers[b] = group.buffers[b].exists() ? group.buffers[b] : group.make_buffer(b);
  }
  return loaded;
}

void OptimizerState::take_over(Loaded& loaded, Group& group) const {
  group.settings = loaded.settings;
  group.base_lr = loaded.base_lr;
  group.buffers = loaded.buffers;
  for (std::size_t b = 0; b < rule_.buffers.size(); ++b) {
    for (std::size_t i = 0; i < loaded.values[b].size(); ++i) {
      const GroupParameter& parameter = group.parameters[i];
      const Tensor& values = *loaded.values[b][i];
      transfer(view(values), values.device(),
               group.buffers[b].view(parameter.offset, parameter.impl->numel), group.device());
    }
  }
  group.set_updates(loaded.updates);
}

void OptimizerState::load_state_dict(const StateDict& state) {
  StateReader reader(name(), state);
  synchronize();
  std::vector<Loaded> loaded;
  std::size_t first_parameter = 0;
  for (std::size_t i = 0; i < groups_.size(); ++i) {
    loaded.push_back(read(reader, i, first_parameter));
    first_parameter += groups_[i].parameters.size();
  }
  reader.finish();
  for (std::size_t i = 0; i < groups_.size(); ++i) take_over(loaded[i], groups_[i]);
  note_settings_changed();
  mark_resumed();
  if (const auto attached = schedule()) attached->refill();
}

}  // namespace kindling::detail
