// SPDX-License-Identifier: MIT
// How the values of an optimizer's groups change: by the program, by a schedule, by a plateau.
#include <kindling/optim/captured_optimizer.h>
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

void OptimizerState::set_options(std::size_t index, const math::HyperParameters& values,
                                 bool skip_nonfinite) {
  check_not_capturing("set_options", "it gives values of the host: call it between steps");
  Group& group = this->group("set_options", index);
  check_values(values, group.momentum_scheduled);
  check_same_skipping(index, skip_nonfinite, groups_.size() > 1);
  const std::array<bool, kernels::kMaxStates> used = group.used_states();
  const math::HyperParameters before = std::exchange(group.values, values);
  if (group.used_states() != used) {
    try {
      group.states = group.missing_states();
    } catch (...) {
      group.values = before;
      throw;
    }
    structure_changed();
  }
  set_skip_nonfinite(skip_nonfinite);
  group.lr_overrides = clock_.runs();
  if (!clock_.runs()) group.base_lr = group.values.lr.value;
  records_.write(index, group.values);
}

void OptimizerState::set_skip_nonfinite(bool skip) {
  check_not_capturing("set_skip_nonfinite", "it changes what a step does: call it between steps");
  if (skips_ == skip) return;
  (void)schedule_index();  // from now on the host's may count, or did so far
  skips_ = skip;
  structure_changed();
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
  Clock clock = make_clock(std::move(source), bases, 0);
  auto follower = std::make_shared<Follower>();
  set_clock(std::move(clock));
  for (std::size_t i = 0; i < groups_.size(); ++i) groups_[i].base_lr = bases[i];
  follower->state = shared_from_this();
  follower_ = follower;
  return follower;
}

Clock OptimizerState::make_clock(ScheduleSource source, std::vector<double> bases,
                                 std::int64_t t) const {
  Clock clock(std::move(source), std::move(bases), rule_.fixed.adam, t);
  clock.make_memory(device(), clock_);
  return clock;
}

// Lets the groups follow a clock from where it stands; its memory is made.
void OptimizerState::set_clock(Clock clock) {
  const bool drives_momentum = clock.source().drives_momentum;
  std::vector<Group> next;  // with the states that a scheduled momentum needs
  next.reserve(groups_.size());
  for (std::size_t i = 0; i < groups_.size(); ++i) {
    Group& group = next.emplace_back(groups_[i]);
    group.values = current("step", i);
    group.momentum_scheduled |= drives_momentum;
    group.lr_overrides = false;
    group.states = group.missing_states();
    if (group.used_states() != groups_[i].used_states()) structure_changed();
  }
  const math::GuardMark mark = schedule_mark();

  clock_ = std::move(clock);
  groups_ = std::move(next);
  clock_.write(mark);
  take_momentum(0);
  for (std::size_t i = 0; i < groups_.size(); ++i) {
    groups_[i].values.lr.set(clock_.now(i).lr);
    records_.write(i, groups_[i].values);
  }
}

math::GuardMark OptimizerState::schedule_mark() const {
  if (!skips_) return {};
  if (clock_.runs()) return clock_.fetch().mark;
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
    join_capture().count_schedule_step();
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
  set_clock(make_clock(clock_.source(), bases, schedule_index()));
  for (std::size_t i = 0; i < groups_.size(); ++i) groups_[i].base_lr = bases[i];
}

void OptimizerState::advance_plateau(const View& metric, const math::PlateauRule& rule,
                                     const Intrusive<Storage>& memory) {
  if (recorder != nullptr) [[unlikely]]
    join_capture().count_plateau();
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
