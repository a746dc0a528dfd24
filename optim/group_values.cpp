// SPDX-License-Identifier: MIT
// How the values of an optimizer's groups change: by the program, by a schedule, by a plateau.
#include <kindling/optim/optimizer_state.h>

#include <algorithm>
#include <cmath>
#include <utility>

namespace kindling::detail {

math::HyperParameters OptimizerState::current(const char* op, std::size_t index) {
  const Group& group = this->group(op, index);
  math::HyperParameters now = group.values;
  if (device_decides()) {
    const math::GroupRecord record = records_.fetch()[records_.first_of(index)];
    now.lr = record.lr;
    now.momentum = record.momentum;
  } else if (clock_.runs() && !group.lr_overrides) {
    now.lr.set(clock_.now(index).lr);
  }
  return now;
}

std::vector<double> OptimizerState::base_lrs() {
  std::vector<double> bases;
  const bool rate_is_base = plateau_on_device_ && !clock_.runs();
  for (std::size_t i = 0; i < groups_.size(); ++i)
    bases.push_back(rate_is_base ? current("base_lr", i).lr.value : groups_[i].base_lr);
  return bases;
}

// Makes the states that the group's updates use and has not yet; true when updates have to count
// from 0 for that.
bool OptimizerState::add_states(Group& group) {
  bool restart = false;
  for (std::size_t s = 0; s < rule_.states.size(); ++s) {
    if (group.states[s].exists() || !group.uses_state(s)) continue;
    group.states[s] = group.make_state(s);
    restart = rule_.first_update_fills_states;
    structure_changed();
  }
  return restart;
}

void OptimizerState::set_options(std::size_t index, const math::HyperParameters& values,
                                 bool skip_nonfinite) {
  check_not_capturing("set_options", "it gives values of the host: call it between steps");
  Group& group = this->group("set_options", index);
  check_values(values, group.momentum_scheduled);
  check_same_skipping(index, skip_nonfinite, groups_.size() > 1);
  const auto uses = [&] {
    std::array<bool, kernels::kMaxStates> used = {};
    for (std::size_t s = 0; s < rule_.states.size(); ++s) used[s] = group.uses_state(s);
    return used;
  };
  const auto used_before = uses();
  const math::HyperParameters before = std::exchange(group.values, values);
  bool restart = false;
  try {
    restart = add_states(group);
  } catch (...) {
    group.values = before;
    throw;
  }
  if (uses() != used_before) structure_changed();
  if (skips_ != skip_nonfinite) {
    (void)schedule_index();  // from now on the host's may count, or did so far
    skips_ = skip_nonfinite;
    structure_changed();
  }
  group.lr_overrides = clock_.runs();
  if (!clock_.runs()) group.base_lr = group.values.lr.value;
  records_.write(index, group.values, restart);
}

void OptimizerState::set_lr(std::size_t index, double lr) {
  check_not_capturing("set_lr", "it gives a value of the host: call it between steps");
  Group& group = this->group("set_lr", index);
  check_not_negative(name(), "lr", lr);
  group.values = current("set_lr", index);
  group.values.lr.set(lr);
  group.lr_overrides = clock_.runs();
  if (!clock_.runs()) group.base_lr = lr;
  records_.write(index, group.values);
}

/// Whoever holds it lets the groups follow the schedule; then their values stay as they are.
struct OptimizerState::Follower {
  std::shared_ptr<OptimizerState> state;
  ~Follower() {
    if (!state) return;
    for (std::size_t i = 0; i < state->groups_.size() && !state->device_decides(); ++i)
      state->groups_[i].values = state->current("detach", i);
    state->clock_ = Clock();
  }
};

std::shared_ptr<void> OptimizerState::follow(ScheduleSource source) {
  check_not_capturing(source.name.c_str(), "it sets the schedule's first values: build it before");
  if (clock_.runs()) {
    throw ValueError(message(source.name, ": the optimizer already has a scheduler, ",
                             clock_.source().name,
                             ": combine schedules with ChainedScheduler or SequentialLR"));
  }
  std::vector<double> bases = base_lrs();
  Clock clock(std::move(source), bases, rule_.fixed.adam, 0);
  clock.make_memory(device(), clock_);
  auto follower = std::make_shared<Follower>();
  set_clock(std::move(clock));
  for (std::size_t i = 0; i < groups_.size(); ++i) groups_[i].base_lr = bases[i];
  follower->state = shared_from_this();
  follower_ = follower;
  return follower;
}

// Lets the groups follow a clock from where it stands; its memory is made.
void OptimizerState::set_clock(Clock clock) {
  const bool drives_momentum = clock.source().drives_momentum;
  std::vector<bool> restart(groups_.size());
  for (std::size_t i = 0; i < groups_.size(); ++i) {
    groups_[i].values = current("step", i);
    const bool before = std::exchange(groups_[i].momentum_scheduled,
                                      groups_[i].momentum_scheduled || drives_momentum);
    try {
      restart[i] = add_states(groups_[i]);
    } catch (...) {
      groups_[i].momentum_scheduled = before;
      throw;
    }
    if (before != groups_[i].momentum_scheduled) ranges_are_stale_ = true;
  }
  clock_ = std::move(clock);
  clock_.write(guard_mark());
  take_momentum(0);
  for (std::size_t i = 0; i < groups_.size(); ++i) {
    Group& group = groups_[i];
    group.lr_overrides = false;
    group.values.lr.set(clock_.now(i).lr);
    records_.write(i, group.values, restart[i]);
  }
}

math::GuardMark OptimizerState::guard_mark() const {
  if (!skips_) return {};
  const math::StepGuard guard = fetch_guard();
  return {guard.applied, guard.skipped};
}

// The momentum of the clock's last `steps` rows and of now: a row may leave it as it is.
void OptimizerState::take_momentum(std::int64_t steps) {
  if (!clock_.source().drives_momentum) return;
  for (std::int64_t t = clock_.index() - std::max<std::int64_t>(steps - 1, 0); t <= clock_.index();
       ++t) {
    for (std::size_t i = 0; i < groups_.size(); ++i) {
      const double momentum = clock_.at(t, i).momentum;
      if (!std::isnan(momentum)) groups_[i].values.momentum.set(momentum);
    }
  }
}

void OptimizerState::went_on(std::int64_t steps) {
  clock_.advance(steps);
  take_momentum(steps);
  for (Group& group : groups_) group.lr_overrides = false;
}

void OptimizerState::advance_schedule() {
  if (recorder != nullptr) [[unlikely]]
    join_capture(1);
  clock_.prepare(1, 1, device_decides());
  issue(backend(), kernels::AdvanceSchedule{.clock = clock_.on_device(),
                                            .guard = guard(),
                                            .records = records_.data(),
                                            .count = records_.size(),
                                            .tape = clock_.tape(),
                                            .groups = clock_.groups(),
                                            .capacity = Clock::kCapacity});
  went_on(1);
  schedule_steps_before_ += started_ ? 0 : 1;
}

void OptimizerState::go_to(std::int64_t t) {
  Clock clock(clock_.source(), base_lrs(), rule_.fixed.adam, t);
  clock.make_memory(device(), clock_);
  set_clock(std::move(clock));
}

std::int64_t OptimizerState::schedule_index() {
  if (clock_.runs() && skips_) clock_.fetch_index();
  return clock_.index();
}

void OptimizerState::attach_plateau(const std::shared_ptr<void>& plateau) {
  if (plateau_.lock()) {
    throw ValueError(message("ReduceLROnPlateau: the optimizer already has one: keep that one; ",
                             "schedules are combined by ChainedScheduler"));
  }
  plateau_ = plateau;
}

void OptimizerState::reduce_lr(const math::PlateauRule& rule, const std::vector<double>& min_lrs) {
  if (!clock_.runs()) {
    for (std::size_t i = 0; i < groups_.size(); ++i)
      set_lr(i, math::plateau_reduced(rule, current("step", i).lr.value, min_lrs[i]));
    return;
  }
  std::vector<double> bases = base_lrs();
  for (std::size_t i = 0; i < bases.size(); ++i)
    bases[i] = math::plateau_reduced(rule, bases[i], min_lrs[i]);
  Clock clock(clock_.source(), bases, rule_.fixed.adam, schedule_index());
  clock.make_memory(device(), clock_);
  set_clock(std::move(clock));
  for (std::size_t i = 0; i < groups_.size(); ++i) groups_[i].base_lr = bases[i];
}

void OptimizerState::advance_plateau(const View& metric, const math::PlateauRule& rule,
                                     const Intrusive<Storage>& memory) {
  if (recorder != nullptr) [[unlikely]]
    join_capture();
  auto* state = memory_of<math::PlateauState>(memory);
  issue(backend(), kernels::AdvancePlateau{.metric = metric,
                                           .rule = rule,
                                           .state = state,
                                           .min_lr = reinterpret_cast<const double*>(state + 1),
                                           .guard = guard(),
                                           .records = records_.data(),
                                           .count = records_.size()});
  plateau_on_device_ = true;
}

}  // namespace kindling::detail
