// SPDX-License-Identifier: MIT
#include <kindling/core/log.h>
#include <kindling/optim/captured_optimizer.h>
#include <kindling/optim/optimizer_state.h>
#include <kindling/optim/parameter_checks.h>

#include <atomic>
#include <cmath>
#include <utility>

namespace kindling::detail {
namespace {

static_assert(sizeof(math::StepGuard) % sizeof(double) == 0);
static_assert(sizeof(kernels::UpdateRange) % sizeof(double) == 0);

std::uint64_t new_id() noexcept {
  static std::atomic<std::uint64_t> last{0};
  return ++last;
}

std::size_t parameters_of(const std::vector<OptimizerState::GroupSpec>& specs) {
  std::size_t count = 0;
  for (const auto& spec : specs) count += spec.tensors.size();
  return count;
}

// The device of all parameters, once everything about the groups of a new optimizer is checked.
Device checked_device(const UpdateRule& rule, const std::vector<OptimizerState::GroupSpec>& specs) {
  check_not_capturing(rule.name, "it takes over its parameters: build it before");
  if (specs.empty()) {
    throw ValueError(message(rule.name, ": no parameter groups: give at least one"));
  }
  ParameterChecks checks(rule.name);
  for (const OptimizerState::GroupSpec& spec : specs) {
    rule.check(rule.name, spec.values, false);
    checks.add(spec.tensors);
  }
  return specs.front().tensors.front().device();
}

}  // namespace

void check_not_negative(const char* optimizer, const char* field, double value) {
  if (std::isfinite(value) && value >= 0) return;
  throw ValueError(
      message(optimizer, ": ", field, " ", value, ": must be finite and not negative"));
}

void check_below_one(const char* optimizer, const char* field, double value) {
  if (value >= 0 && value < 1) return;
  throw ValueError(message(optimizer, ": ", field, " ", value, ": must be at least 0 and below 1"));
}

OptimizerState::OptimizerState(const UpdateRule& rule, const std::vector<GroupSpec>& specs)
    : rule_(rule),
      id_(new_id()),
      records_(checked_device(rule, specs), parameters_of(specs)),
      ranges_(std::make_shared<RangeTable>()),
      skips_(specs.front().skip_nonfinite) {
  for (std::size_t i = 0; i < specs.size(); ++i)
    check_same_skipping(i, specs[i].skip_nonfinite, specs.size() > 1);
  guard_ = Storage::allocate(sizeof(math::StepGuard) / sizeof(double), DType::float64,
                             specs.front().tensors.front().device());
  groups_.reserve(specs.size());
  for (const GroupSpec& spec : specs) groups_.emplace_back(rule_, spec.tensors, spec.values);
  const math::StepGuard nothing_skipped;
  backend().upload(guard_->data, &nothing_skipped, sizeof nothing_skipped);
  for (std::size_t i = 0; i < groups_.size(); ++i) {
    groups_[i].adopt(id_, records_.add(i));
    records_.write_one(i, groups_[i].values, 0);
  }
}

void OptimizerState::check_same_skipping(std::size_t group, bool skip_nonfinite,
                                         bool others) const {
  if (!others || skip_nonfinite == skips_) return;
  throw ValueError(
      message(name(), ": skip_nonfinite is ", skip_nonfinite ? "on" : "off", " for group ", group,
              " and ", skips_ ? "on" : "off",
              " for the others: a skipped step is skipped by all groups: give them the ",
              "same, or change all with set_skip_nonfinite()"));
}

void OptimizerState::add_group(const GroupSpec& spec) {
  check_not_capturing("add_param_group", "it adds parameters: call it before");
  check_values(spec.values, false);
  check_same_skipping(groups_.size(), spec.skip_nonfinite, true);
  ParameterChecks checks(name());
  std::size_t parameters = spec.tensors.size();
  for (const Group& group : groups_) {
    checks.add_checked(group.tensors());
    parameters += group.parameters.size();
  }
  checks.add(spec.tensors);
  Group group(rule_, spec.tensors, spec.values);
  Clock clock;
  if (clock_.runs()) {
    const std::int64_t t = schedule_index();
    std::vector<double> bases = base_lrs();
    bases.push_back(group.base_lr);
    clock = make_clock(clock_.source(), std::move(bases), t);
    group.momentum_scheduled = clock_.source().drives_momentum;
    group.states = group.missing_states();
  }
  Records records(device(), parameters, &records_);
  const math::GuardMark mark = schedule_mark();
  groups_.push_back(std::move(group));

  const std::size_t index = groups_.size() - 1;
  Group& added = groups_.back();
  records_ = std::move(records);
  added.adopt(id_, records_.add(index));
  structure_changed();
  if (clock.runs()) {
    clock_ = std::move(clock);
    clock_.write(mark);
    const math::SchedulePoint& now = clock_.now(index);
    added.values.lr.set(now.lr);
    if (!std::isnan(now.momentum)) added.values.momentum.set(now.momentum);
  }
  records_.write_one(records_.count() - 1, added.values, 0);
}

Group& OptimizerState::group(const char* op, std::size_t index) {
  if (index >= groups_.size()) {
    throw ValueError(message(name(), ": ", op, ": group ", index, " does not exist: there are ",
                             groups_.size()));
  }
  return groups_[index];
}

void OptimizerState::structure_changed() noexcept {
  ++structure_;
  ranges_are_stale_ = true;
}

void OptimizerState::throw_lost(std::size_t parameter, std::size_t group) const {
  const TensorImpl& impl = *groups_[group].parameters[parameter].impl;
  const std::string what = message(name(), ": step: ", parameter_name(parameter, group, &impl));
  if (impl.storage->optimizer == 0) {
    throw ValueError(message(
        what, " was moved to another device or dtype: build the optimizer after ", "model.to()"));
  }
  throw ValueError(message(
      what, " belongs to the optimizer built last: use that one, or build this ", "one again"));
}

// Parts the records of parameters that got their first gradient at different times, and puts the
// ranges of all groups into one table.
void OptimizerState::make_ranges() {
  const RecordingPause once;  // not in every step
  for (std::size_t record = 0, count = records_.count(); record < count; ++record) {
    bool with_gradient = false;
    bool without_gradient = false;
    std::vector<GroupParameter>& parameters = groups_[records_.group_of(record)].parameters;
    for (const GroupParameter& parameter : parameters) {
      if (parameter.record == record)
        (parameter.has_gradient ? with_gradient : without_gradient) = true;
    }
    if (!with_gradient || !without_gradient) continue;
    const std::size_t parted = records_.part(record);
    ++structure_;
    for (GroupParameter& parameter : parameters) {
      if (parameter.record == record && parameter.has_gradient) parameter.record = parted;
    }
  }
  if (ranges_.use_count() > 1) ranges_ = std::make_shared<RangeTable>();
  std::vector<kernels::UpdateRange>& ranges = ranges_->on_host;
  ranges.clear();
  for (const Group& group : groups_) group.append_ranges(ranges, records_.data());
  const std::size_t bytes = ranges.size() * sizeof(kernels::UpdateRange);
  if (!ranges_->memory || static_cast<std::size_t>(ranges_->memory->bytes()) < bytes) {
    ranges_->memory = Storage::allocate(static_cast<std::int64_t>(bytes / sizeof(double)),
                                        DType::float64, device());
  }
  backend().upload(ranges_->memory->data, ranges.data(), bytes);
  ranges_are_stale_ = false;
}

void OptimizerState::step() {
  bool changed = ranges_are_stale_;
  for (Group& group : groups_) {
    for (GroupParameter& parameter : group.parameters) {
      TensorImpl& impl = *parameter.impl;
      if (impl.storage->optimizer != id_) [[unlikely]] {
        throw_lost(static_cast<std::size_t>(&parameter - group.parameters.data()),
                   static_cast<std::size_t>(&group - groups_.data()));
      }
      const bool has_gradient = gradient_defined(impl);
      changed |= std::exchange(parameter.has_gradient, has_gradient) != has_gradient;
    }
  }
  if (changed) [[unlikely]] {
    ranges_are_stale_ = true;  // until it is done
    make_ranges();
  }
  if (!started_) [[unlikely]] {
    started_ = true;
    warn_before_first_step();
  }
  if (recorder != nullptr) [[unlikely]] {
    join_capture().keep_ranges();
    for (const Group& group : groups_) group.use_all(*recorder);
  }
  const auto* ranges = static_cast<const kernels::UpdateRange*>(ranges_->memory->data);
  const std::int64_t count = std::ssize(ranges_->on_host);
  const kernels::UpdateRange* on_host = ranges_->on_host.data();
  if (skips_) issue(backend(), kernels::FindNonfinite{ranges, on_host, count, guard()});
  issue(backend(), kernels::Update{.op = rule_.op,
                                   .ranges = ranges,
                                   .ranges_on_host = on_host,
                                   .count = count,
                                   .records = records_.data(),
                                   .guard = guard()});
  for (const Group& group : groups_) {
    for (const GroupParameter& parameter : group.parameters) {
      if (parameter.has_gradient) note_change(*parameter.impl->storage);
    }
  }
  if (recorder != nullptr) [[unlikely]]
    recorder->log_update(backend(), records_.data());
}

void OptimizerState::zero_grad() {
  for (const Group& group : groups_) {
    for (const GroupParameter& parameter : group.parameters)
      set_gradient_defined(*parameter.impl, false);
  }
}

void OptimizerState::warn_before_first_step() {
  bool changes_something = false;
  bool was_meant_to = false;  // a base lr of 0 is a choice
  const std::vector<double> bases = base_lrs();
  for (const kernels::UpdateRange& range : ranges_->on_host) {
    const std::size_t group =
        records_.group_of(static_cast<std::size_t>(range.record - records_.data()));
    changes_something |= current("step", group).lr.value != 0;
    was_meant_to |= bases[group] != 0;
  }
  if (was_meant_to && !changes_something) {
    const std::string why =
        clock_.runs() ? message(" (", clock_.source().name, " at t = ", clock_.index(), ")")
                      : std::string();
    log(LogLevel::warning,
        message(
            name(), ": the first update runs with learning rate 0", why,
            " and leaves the parameters as they are: to avoid it, warm up with (t + 1) / W, as ",
            "schedulers::warmup(W) does by default (WarmupConvention::one_based)"));
  }
  // More steps than one are a schedule being drawn, or wound forward to go on with an earlier run.
  if (clock_.runs() && schedule_steps_before_ == 1) {
    log(LogLevel::warning,
        message(clock_.source().name,
                ": scheduler.step() was called before the first optimizer.step(), so ",
                "the first value of the schedule was never used: call optimizer.step() first"));
  }
}

math::StepGuard OptimizerState::fetch_guard() const {
  math::StepGuard guard;
  backend().download(&guard, guard_->data, sizeof guard);
  return guard;
}

}  // namespace kindling::detail
