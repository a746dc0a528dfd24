// SPDX-License-Identifier: MIT
#include <kindling/core/checks.h>
#include <kindling/core/command.h>
#include <kindling/optim/attached_schedule.h>
#include <kindling/schedulers/checks.h>
#include <kindling/schedulers/reduce_lr_on_plateau.h>

#include <cmath>

namespace kindling::schedulers {
namespace {

constexpr const char* kName = "ReduceLROnPlateau";

static_assert(sizeof(math::PlateauState) % sizeof(double) == 0);

math::PlateauRule checked_rule(const PlateauOptions& options) {
  const Caller caller{kName};
  require_one_of(caller, "mode", options.mode, {"min", "max"});
  require_one_of(caller, "threshold_mode", options.threshold_mode, {"rel", "abs"});
  require(options.factor >= 0 && options.factor < 1, caller, "factor", options.factor,
          "at least 0 and below 1");
  require_at_least(caller, "patience", options.patience, 0);
  require_at_least(caller, "cooldown", options.cooldown, 0);
  require(std::isfinite(options.threshold), caller, "threshold", options.threshold, "finite");
  require_not_negative(caller, "eps", options.eps);
  return {.factor = options.factor,
          .threshold = options.threshold,
          .eps = options.eps,
          .patience = options.patience,
          .cooldown = options.cooldown,
          .maximize = options.mode == "max",
          .absolute = options.threshold_mode == "abs"};
}

}  // namespace

/// The rule at work on an optimizer. Its memory is on the host until the first metric comes as a
/// tensor, and from then on on the device, where each group has a copy (they stay equal).
class ReduceLROnPlateau::Plateau {
 public:
  Plateau(std::shared_ptr<detail::OptimizerState> state, const PlateauOptions& options)
      : state_(std::move(state)),
        rule_(checked_rule(options)),
        min_lr_(options.min_lr),
        memory_(math::plateau_start(rule_)) {
    (void)min_lr(0);
  }

  detail::OptimizerState& optimizer() const noexcept { return *state_; }
  const math::PlateauRule& rule() const noexcept { return rule_; }

  double min_lr(std::size_t group) const {
    return min_lr_.at({kName, group, state_->group_count()}, "min_lr");
  }

  math::PlateauState memory() const {
    math::PlateauState memory = memory_;
    if (!on_device_.empty()) backend().download(&memory, on_device_.front()->data, sizeof memory);
    return memory;
  }

  void set_memory(const math::PlateauState& memory) {
    memory_ = memory;
    for (const auto& storage : on_device_) backend().upload(storage->data, &memory, sizeof memory);
  }

  /// Gives each group that has none its memory on the device: for all before any takes in a metric.
  void move_to_device() {
    if (on_device_.size() == state_->group_count()) return;
    const math::PlateauState now = memory();
    while (on_device_.size() < state_->group_count()) {
      on_device_.push_back(
          detail::Storage::allocate(sizeof now / sizeof(double), DType::float64, state_->device()));
      backend().upload(on_device_.back()->data, &now, sizeof now);
    }
  }

  math::PlateauState* on_device(std::size_t group) const {
    return static_cast<math::PlateauState*>(on_device_[group]->data);
  }

  void reduce() {
    const auto schedule = state_->schedule();
    for (std::size_t i = 0; i < state_->group_count(); ++i) {
      detail::Group& group = state_->group("step", i);
      if (schedule) {
        group.base_lr = math::plateau_reduced(rule_, group.base_lr, min_lr(i));
      } else {
        state_->set_lr(i, math::plateau_reduced(rule_, group.settings.lr.value, min_lr(i)));
      }
    }
    if (schedule) schedule->go_to(schedule->index());
  }

 private:
  kernels::Backend& backend() const { return detail::backend_of(state_->device()); }

  std::shared_ptr<detail::OptimizerState> state_;
  math::PlateauRule rule_;
  PerGroup min_lr_;
  math::PlateauState memory_;
  std::vector<detail::Intrusive<detail::Storage>> on_device_;
};

ReduceLROnPlateau::ReduceLROnPlateau(optim::Optimizer& optimizer, const PlateauOptions& options)
    : plateau_(std::make_shared<Plateau>(optimizer.state(), options)) {
  optimizer.state()->attach_plateau(plateau_);
}

ReduceLROnPlateau::ReduceLROnPlateau(ReduceLROnPlateau&&) noexcept = default;
ReduceLROnPlateau& ReduceLROnPlateau::operator=(ReduceLROnPlateau&&) noexcept = default;
ReduceLROnPlateau::~ReduceLROnPlateau() = default;

ReduceLROnPlateau::Plateau& ReduceLROnPlateau::plateau() const {
  if (plateau_) return *plateau_;
  throw ValueError(message(kName, ": this one was moved from: use the one that it was moved to"));
}

void ReduceLROnPlateau::step(double metric) {
  Plateau& plateau = this->plateau();
  detail::OptimizerState& state = plateau.optimizer();
  (void)plateau.min_lr(0);  // still one for each group
  state.synchronize();
  if (state.last_step_was_skipped()) return;
  math::PlateauState memory = plateau.memory();
  const bool reduce = math::plateau_step(plateau.rule(), memory, metric);
  if (reduce) plateau.reduce();
  plateau.set_memory(memory);
}

void ReduceLROnPlateau::step(const Tensor& metric) {
  Plateau& plateau = this->plateau();
  detail::OptimizerState& state = plateau.optimizer();
  const detail::TensorImpl& impl = detail::check_defined(kName, metric);
  if (impl.numel != 1) {
    throw ShapeError(message(kName, ": metric of shape ", impl.shape, ": must have one element"));
  }
  if (impl.storage->device != state.device()) {
    throw DeviceError(message(kName, ": metric on ", impl.storage->device, ", optimizer on ",
                              state.device(),
                              ": move it with to(device), or give step() a double"));
  }
  if (const auto schedule = state.schedule()) {
    throw ValueError(
        message(kName, ": a metric in a tensor, beside the scheduler ", schedule->name(),
                ": the device cannot evaluate a schedule anew: use step(metric.item())"));
  }
  (void)plateau.min_lr(0);
  plateau.move_to_device();
  for (std::size_t i = 0; i < state.group_count(); ++i) {
    detail::Group& group = state.group("step", i);
    math::PlateauState* memory = plateau.on_device(i);
    detail::issue(group.backend(),
                  kernels::AdvancePlateau{detail::view(metric), plateau.rule(), plateau.min_lr(i),
                                          memory, group.record(0)});
    group.follow_first_record();
  }
  state.set_plateau_on_device();
}

std::vector<double> ReduceLROnPlateau::get_last_lr() const {
  detail::OptimizerState& state = plateau().optimizer();
  std::vector<double> lrs;
  for (std::size_t group = 0; group < state.group_count(); ++group) {
    lrs.push_back(state.settings("get_last_lr", group).lr.value);
  }
  return lrs;
}

std::int64_t ReduceLROnPlateau::last_epoch() const { return plateau().memory().last_epoch; }

StateDict ReduceLROnPlateau::state_dict() const {
  const math::PlateauState memory = plateau().memory();
  const auto count = [](std::int64_t value) {
    return detail::state_scalar(static_cast<double>(value));
  };
  return {{"best", detail::state_scalar(memory.best)},
          {"num_bad_epochs", count(memory.bad_epochs)},
          {"cooldown_counter", count(memory.cooldown_left)},
          {"last_epoch", count(memory.last_epoch)}};
}

void ReduceLROnPlateau::load_state_dict(const StateDict& saved) {
  Plateau& plateau = this->plateau();
  detail::StateReader reader(kName, saved);
  math::PlateauState memory;
  memory.best = reader.take_scalar("best");
  memory.bad_epochs = reader.take_count("num_bad_epochs");
  memory.cooldown_left = reader.take_count("cooldown_counter");
  memory.last_epoch = reader.take_count("last_epoch");
  reader.finish();
  plateau.set_memory(memory);
}

}  // namespace kindling::schedulers
