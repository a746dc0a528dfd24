// SPDX-License-Identifier: MIT
#include <kindling/optim/optimizer_state.h>

#include <algorithm>
#include <string>

namespace kindling::detail {
namespace {

constexpr const char* kSkipNonfinite = "skip_nonfinite";
constexpr const char* kBaseLr = "base_lr";
constexpr const char* kStep = "step";

std::string group_entry(std::size_t group, const char* field) {
  return message("param_groups.", group, ".", field);
}

std::string parameter_entry(std::size_t parameter, const char* field) {
  return message("state.", parameter, ".", field);
}

double value_in(const math::HyperParameters& values, const OptionField& field) {
  if (const auto* number = std::get_if<0>(&field.place)) return (values.*(*number)).value;
  return values.*std::get<1>(field.place) ? 1 : 0;
}

void set_value(math::HyperParameters& values, const OptionField& field, double value) {
  if (const auto* number = std::get_if<0>(&field.place))
    (values.*(*number)).set(value);
  else
    values.*std::get<1>(field.place) = value != 0;
}

Tensor view_of(const Arena& arena, const GroupParameter& parameter) {
  const std::int64_t numel = parameter.impl->numel;
  return Tensor(
      TensorImpl::make(Storage::within(arena.memory, arena.start + parameter.offset, numel), 0,
                       parameter.impl->shape));
}

}  // namespace

StateDict OptimizerState::state_views() {
  check_not_capturing("state_dict", "it is for the host: call it between steps");
  StateDict state;
  const std::vector<double> bases = base_lrs();
  for (std::size_t i = 0; i < groups_.size(); ++i) {
    const math::HyperParameters values = current("state_dict", i);
    for (const OptionField& field : rule_.fields)
      state.emplace_back(group_entry(i, field.name), state_scalar(value_in(values, field)));
    state.emplace_back(group_entry(i, kSkipNonfinite), state_scalar(skips_ ? 1 : 0));
    state.emplace_back(group_entry(i, kBaseLr), state_scalar(bases[i]));
  }
  const std::vector<math::GroupRecord> records = records_.fetch();
  std::size_t number = 0;
  for (const Group& group : groups_) {
    for (const GroupParameter& parameter : group.parameters) {
      const auto updates = static_cast<double>(records[parameter.record].updates);
      state.emplace_back(parameter_entry(number, kStep), state_scalar(updates));
      for (std::size_t s = 0; s < rule_.states.size(); ++s) {
        if (!group.states[s].exists()) continue;
        state.emplace_back(parameter_entry(number, rule_.states[s]),
                           view_of(group.states[s], parameter));
      }
      ++number;
    }
  }
  return state;
}

/// What was read for one group, before any of it is taken over.
struct OptimizerState::Loaded {
  math::HyperParameters values;
  bool skip_nonfinite = false;
  double base_lr = 0;
  std::vector<std::int64_t> updates;  // of each parameter
  std::array<std::vector<Tensor>, kernels::kMaxStates>
      tensors;  // of each parameter, in its dtype; empty: no such state
  Group::States states;
};

OptimizerState::Loaded OptimizerState::read(StateReader& reader, std::size_t index,
                                            std::size_t first_parameter) {
  const Group& group = groups_[index];
  Loaded loaded;
  loaded.values = group.values;
  for (const OptionField& field : rule_.fields)
    set_value(loaded.values, field, reader.take_scalar(group_entry(index, field.name)));
  check_values(loaded.values, group.momentum_scheduled);
  loaded.skip_nonfinite = reader.take_scalar(group_entry(index, kSkipNonfinite)) != 0;
  loaded.base_lr = reader.take_scalar(group_entry(index, kBaseLr));
  check_not_negative(name(), kBaseLr, loaded.base_lr);
  for (std::size_t i = 0; i < group.parameters.size(); ++i) {
    loaded.updates.push_back(reader.take_count(parameter_entry(first_parameter + i, kStep)));
  }
  for (std::size_t s = 0; s < rule_.states.size(); ++s) {
    const char* state = rule_.states[s];
    if (!rule_.uses_state(loaded.values, group.momentum_scheduled, s) &&
        !reader.has(parameter_entry(first_parameter, state))) {
      continue;
    }
    for (std::size_t i = 0; i < group.parameters.size(); ++i) {
      const TensorImpl& parameter = *group.parameters[i].impl;
      loaded.tensors[s].push_back(
          reader.take(parameter_entry(first_parameter + i, state), parameter.shape)
              .to(parameter.storage->dtype));
    }
    loaded.states[s] = group.states[s].exists() ? group.states[s] : group.make_state(s);
  }
  return loaded;
}

void OptimizerState::take_over(const Loaded& loaded, std::size_t index) {
  Group& group = groups_[index];
  for (std::size_t s = 0; s < rule_.states.size(); ++s) {
    const bool used = group.uses_state(s);
    group.states[s] = loaded.states[s];
    for (std::size_t i = 0; i < loaded.tensors[s].size(); ++i) {
      const GroupParameter& parameter = group.parameters[i];
      const Tensor& values = loaded.tensors[s][i];
      transfer("load_state_dict", view(values), values.device(),
               group.states[s].view(parameter.offset, parameter.impl->numel), group.device());
    }
    const bool uses = rule_.uses_state(loaded.values, group.momentum_scheduled, s);
    if (used != uses) structure_changed();  // else its memory is the same
  }
  group.values = loaded.values;
  group.base_lr = loaded.base_lr;
  group.lr_overrides = clock_.runs();
}

// Gives the parameters of a group that have the same count of updates one record; true when these
// are other groupings than before.
bool OptimizerState::set_updates(const std::vector<Loaded>& loaded) {
  bool changed = false;
  records_.clear();
  for (std::size_t g = 0; g < groups_.size(); ++g) {
    std::vector<std::int64_t> distinct;
    const std::size_t first = static_cast<std::size_t>(records_.size());
    for (std::size_t i = 0; i < loaded[g].updates.size(); ++i) {
      const std::int64_t updates = loaded[g].updates[i];
      const auto found = std::find(distinct.begin(), distinct.end(), updates);
      const std::size_t record = first + static_cast<std::size_t>(found - distinct.begin());
      changed |= std::exchange(groups_[g].parameters[i].record, record) != record;
      if (found != distinct.end()) continue;
      distinct.push_back(updates);
      records_.write_one(records_.add(g), loaded[g].values, updates);
    }
  }
  return changed;
}

/// Where the schedule will stand and what it will multiply, once the loads that are prepared are
/// done: the bases are in the state of the optimizer, the step is in that of the scheduler.
struct OptimizerState::Coming {
  std::vector<double> base_lrs;
  std::int64_t t;
  Clock clock;  // the same for both, made by the one that was prepared last
};

std::shared_ptr<OptimizerState::Coming> OptimizerState::coming() {
  std::shared_ptr<Coming> coming = coming_.lock();
  if (!coming)
    coming_ = coming = std::make_shared<Coming>(Coming{base_lrs(), schedule_index(), {}});
  return coming;
}

TakeOver OptimizerState::prepare_load(const StateDict& state) {
  StateReader reader(name(), state);
  std::vector<Loaded> loaded;
  std::vector<double> bases;
  std::size_t first_parameter = 0;
  for (std::size_t i = 0; i < groups_.size(); ++i) {
    loaded.push_back(read(reader, i, first_parameter));
    first_parameter += groups_[i].parameters.size();
    bases.push_back(loaded.back().base_lr);
    if (loaded[i].skip_nonfinite != loaded[0].skip_nonfinite) {
      throw ValueError(message(name(), ": load_state_dict: \"", group_entry(i, kSkipNonfinite),
                               "\" differs from group 0's: all groups skip a step, or none"));
    }
  }
  reader.finish();
  const std::shared_ptr<Coming> coming = this->coming();
  coming->base_lrs = std::move(bases);
  if (clock_.runs()) coming->clock = make_clock(clock_.source(), coming->base_lrs, coming->t);

  return [self = shared_from_this(), loaded = std::move(loaded), coming] {
    for (std::size_t i = 0; i < loaded.size(); ++i) self->take_over(loaded[i], i);
    const math::GuardMark mark = self->schedule_mark();
    if (self->set_updates(loaded)) self->structure_changed();
    if (self->skips_ != loaded[0].skip_nonfinite) self->structure_changed();
    self->skips_ = loaded[0].skip_nonfinite;
    if (coming->clock.runs()) {
      self->clock_ = coming->clock;
      self->clock_.write(mark);
    }
    self->mark_resumed();
  };
}

TakeOver OptimizerState::prepare_go_to(std::int64_t t, std::vector<double> lrs) {
  const std::shared_ptr<Coming> coming = this->coming();
  coming->t = t;
  coming->clock = make_clock(clock_.source(), coming->base_lrs, t);
  return [self = shared_from_this(), coming, lrs = std::move(lrs)] {
    self->set_clock(coming->clock);
    for (std::size_t group = 0; group < lrs.size(); ++group) self->set_lr(group, lrs[group]);
    self->mark_resumed();
  };
}

}  // namespace kindling::detail
