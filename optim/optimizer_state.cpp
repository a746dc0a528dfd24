// SPDX-License-Identifier: MIT
#include <kindling/core/log.h>
#include <kindling/optim/attached_schedule.h>
#include <kindling/optim/optimizer_state.h>
#include <kindling/optim/parameter_checks.h>

#include <atomic>
#include <cmath>

namespace kindling::detail {
namespace {

std::uint64_t new_id() noexcept {
  static std::atomic<std::uint64_t> last{0};
  return ++last;
}

math::StepGuard* guard_in(const Intrusive<Storage>& storage) noexcept {
  return static_cast<math::StepGuard*>(storage->data);
}

}  // namespace

void check_not_negative(const char* optimizer, const char* field, double value) {
  if (std::isfinite(value) && value >= 0) return;
  throw ValueError(
      message(optimizer, ": ", field, " ", value, ": must be finite and not negative"));
}

OptimizerState::OptimizerState(const UpdateRule& rule, const std::vector<GroupSpec>& specs)
    : rule_(rule), id_(new_id()) {
  if (specs.empty()) {
    throw ValueError(message(name(), ": no parameter groups: give at least one"));
  }
  ParameterChecks checks(name());
  for (const GroupSpec& spec : specs) {
    check_settings(spec.second);
    checks.add(spec.first);
  }
  const Device device = specs.front().first.front().device();
  guard_ = Storage::allocate(1, DType::float64, device);
  issue(backend_of(device), kernels::Fill{{guard_->data, 1, DType::float64}, 0});
  groups_.reserve(specs.size());
  for (const GroupSpec& spec : specs) groups_.push_back(make_group(spec));
  for (Group& group : groups_) group.adopt(id_);
  note_settings_changed();
}

Group OptimizerState::make_group(const GroupSpec& spec) const {
  GroupSettings settings = spec.second;
  settings.guard = guard_in(guard_);
  return Group(rule_, spec.first, settings);
}

void OptimizerState::add_group(const GroupSpec& spec) {
  check_settings(spec.second);
  ParameterChecks checks(name());
  for (const Group& group : groups_) checks.add_checked(group.tensors());
  checks.add(spec.first);
  synchronize();
  Group group = make_group(spec);
  group.settings.schedule_index = groups_.front().settings.schedule_index;
  groups_.push_back(std::move(group));
  try {
    if (const auto attached = schedule()) attached->add_last_group();
    groups_.back().adopt(id_);
  } catch (...) {
    groups_.pop_back();
    throw;
  }
  note_settings_changed();
}

Group& OptimizerState::group(const char* op, std::size_t index) {
  if (index >= groups_.size()) {
    throw ValueError(message(name(), ": ", op, ": group ", index, " does not exist: there are ",
                             groups_.size()));
  }
  return groups_[index];
}

void OptimizerState::note_settings_changed() noexcept {
  skips_ = false;
  for (const Group& group : groups_) skips_ |= group.settings.skip_nonfinite;
  ranges_are_stale_ = true;
}

void OptimizerState::throw_lost(std::size_t parameter, std::size_t group) const {
  const std::string what = message(name(), ": step: ", parameter_name(parameter, group));
  if (groups_[group].parameters[parameter].impl->storage->optimizer == 0) {
    throw ValueError(message(
        what, " was moved to another device or dtype: build the optimizer after ", "model.to()"));
  }
  throw ValueError(message(
      what, " belongs to the optimizer built last: use that one, or build this ", "one again"));
}

void OptimizerState::step() {
  bool changed = ranges_are_stale_;
  for (const Group& group : groups_) {
    for (const GroupParameter& parameter : group.parameters) {
      const TensorImpl& impl = *parameter.impl;
      if (impl.storage->optimizer != id_) [[unlikely]] {
        throw_lost(static_cast<std::size_t>(&parameter - group.parameters.data()),
                   static_cast<std::size_t>(&group - groups_.data()));
      }
      changed |= impl.grad_defined != parameter.has_gradient;
    }
  }
  if (changed) [[unlikely]] {
    for (Group& group : groups_) group.make_ranges();
    ranges_are_stale_ = false;
  }
  if (!started_) [[unlikely]] {
    started_ = true;
    warn_before_first_step();
  }
  if (skips_) find_nonfinite();
  for (Group& group : groups_) group.issue_update();
}

void OptimizerState::find_nonfinite() {
  bool first = true;
  for (const Group& group : groups_) {
    for (const GroupRange& range : group.ranges) {
      issue(group.backend(),
            kernels::FindNonfinite{group.gradient_view(range), guard_in(guard_), first});
      first = false;
    }
  }
}

void OptimizerState::zero_grad() noexcept {
  for (const Group& group : groups_) {
    for (const GroupParameter& parameter : group.parameters) parameter.impl->grad_defined = false;
  }
}

void OptimizerState::warn_before_first_step() const {
  const auto attached = schedule();
  bool changes_something = false;
  bool was_meant_to = false;  // a base lr of 0 is a choice
  for (const Group& group : groups_) {
    if (group.ranges.empty()) continue;
    changes_something |= group.settings.lr.value != 0;
    was_meant_to |= group.base_lr != 0;
  }
  if (was_meant_to && !changes_something) {
    const std::string why = attached
                                ? message(" (", attached->name(),
                                          " at t = ", groups_.front().settings.schedule_index, ")")
                                : std::string();
    log(LogLevel::warning,
        message(
            name(), ": the first update runs with learning rate 0", why,
            " and leaves the parameters as they are: to avoid it, warm up with (t + 1) / W, as ",
            "schedulers::warmup(W) does by default (WarmupConvention::one_based)"));
  }
  // More steps than one are a schedule being drawn, or wound forward to go on with an earlier run.
  if (attached && schedule_steps_before_ == 1) {
    log(LogLevel::warning,
        message(attached->name(),
                ": scheduler.step() was called before the first optimizer.step(), so ",
                "the first value of the schedule was never used: call optimizer.step() first"));
  }
}

void OptimizerState::synchronize() {
  if (!device_decides()) return;
  const bool rebase = plateau_on_device_ && !schedule();  // as set_lr() does
  for (Group& group : groups_) {
    group.fetch_settings();
    if (rebase) group.base_lr = group.settings.lr.value;
  }
}

bool OptimizerState::last_step_was_skipped() const {
  if (!skips_) return false;
  math::StepGuard guard;
  backend_of(groups_.front().device()).download(&guard, guard_->data, sizeof guard);
  return guard.nonfinite != 0;
}

const GroupSettings& OptimizerState::settings(const char* op, std::size_t index) {
  Group& found = group(op, index);
  synchronize();
  return found.settings;
}

void OptimizerState::set_settings(std::size_t index, const GroupSettings& settings) {
  Group& target = group("set_options", index);
  check_settings(settings);
  synchronize();
  GroupSettings next = target.settings;
  for (const UpdateRule::Number& number : rule_.numbers)
    next.*number.member = settings.*number.member;
  for (const UpdateRule::Flag& flag : rule_.flags) next.*flag.member = settings.*flag.member;
  const bool restart = target.add_buffers(next);
  target.settings = next;
  if (!schedule()) target.base_lr = next.lr.value;
  target.write_settings(restart);
  note_settings_changed();
}

void OptimizerState::set_lr(std::size_t index, double lr) {
  Group& target = group("set_lr", index);
  check_not_negative(name(), "lr", lr);
  synchronize();
  target.settings.lr.set(lr);
  if (!schedule()) target.base_lr = lr;
  target.write_settings();
}

void OptimizerState::attach_plateau(const std::shared_ptr<void>& plateau) {
  if (plateau_.lock()) {
    throw ValueError(message("ReduceLROnPlateau: the optimizer already has one: keep that one; ",
                             "schedules are combined by ChainedScheduler"));
  }
  plateau_ = plateau;
}

}  // namespace kindling::detail
