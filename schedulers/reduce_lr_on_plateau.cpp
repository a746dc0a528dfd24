// SPDX-License-Identifier: MIT
#include <kindling/core/checks.h>
#include <kindling/core/command.h>
#include <kindling/optim/optimizer_state.h>
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
/// tensor, and from then on on the device.
class ReduceLROnPlateau::Plateau {
 public:
  Plateau(std::shared_ptr<detail::OptimizerState> state, const PlateauOptions& options)
      : state_(std::move(state)),
        rule_(checked_rule(options)),
        min_lr_(options.min_lr),
        memory_(math::plateau_start(rule_)) {
    (void)min_lrs();
  }

  detail::OptimizerState& optimizer() const noexcept { return *state_; }
  const math::PlateauRule& rule() const noexcept { return rule_; }

  /// Of each group that there is now. ValueError where they do not fit.
  std::vector<double> min_lrs() const {
    std::vector<double> values;
    for (std::size_t group = 0; group < state_->group_count(); ++group)
      values.push_back(value_for({kName, group, state_->group_count()}, "min_lr", min_lr_));
    return values;
  }

  math::PlateauState memory() const {
    math::PlateauState memory = memory_;
    if (on_device_) backend().download(&memory, on_device_->data, sizeof memory);
    return memory;
  }

  void set_memory(const math::PlateauState& memory) {
    memory_ = memory;
    if (on_device_) backend().upload(on_device_->data, &memory, sizeof memory);
  }

  /// The memory in device memory, then min_lr [groups].
  const detail::Intrusive<detail::Storage>& on_device() {
    const std::int64_t doubles = kStateDoubles + static_cast<std::int64_t>(state_->group_count());
    if (on_device_ && on_device_->numel == doubles) return on_device_;
    const detail::RecordingPause once;  // not in every step
    const math::PlateauState now = memory();
    const std::vector<double> values = min_lrs();
    const auto storage = detail::Storage::allocate(doubles, DType::float64, state_->device());
    backend().upload(storage->data, &now, sizeof now);
    backend().upload(static_cast<double*>(storage->data) + kStateDoubles, values.data(),
                     values.size() * sizeof(double));
    on_device_ = storage;
    return on_device_;
  }

 private:
  static constexpr std::int64_t kStateDoubles = sizeof(math::PlateauState) / sizeof(double);

  kernels::Backend& backend() const { return detail::backend_of(state_->device()); }

  std::shared_ptr<detail::OptimizerState> state_;
  math::PlateauRule rule_;
  PerGroup min_lr_;
  math::PlateauState memory_;
  detail::Intrusive<detail::Storage> on_device_;
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
  detail::check_not_capturing(kName, "step() of a value on the host: give it a tensor");
  Plateau& plateau = this->plateau();
  detail::OptimizerState& state = plateau.optimizer();
  const std::vector<double> min_lrs = plateau.min_lrs();
  math::PlateauState memory = plateau.memory();
  if (state.skips_nonfinite()) {
    const math::StepGuard guard = state.fetch_guard();
    if (math::stands_still(&guard, memory.mark)) return plateau.set_memory(memory);
  }
  if (math::plateau_step(plateau.rule(), memory, metric)) state.reduce_lr(plateau.rule(), min_lrs);
  plateau.set_memory(memory);
}

void ReduceLROnPlateau::step(const Tensor& metric) {
  Plateau& plateau = this->plateau();
  detail::OptimizerState& state = plateau.optimizer();
  const detail::TensorImpl& impl = detail::check_defined(kName, metric);
  detail::check_floating(kName, metric);
  if (impl.numel != 1) {
    throw ShapeError(message(kName, ": metric of shape ", impl.shape, ": must have one element"));
  }
  if (impl.storage->device != state.device()) {
    throw DeviceError(message(kName, ": metric on ", impl.storage->device, ", optimizer on ",
                              state.device(),
                              ": move it with to(device), or give step() a double"));
  }
  if (state.follows_schedule()) {
    throw ValueError(
        message(kName, ": a metric in a tensor, beside the scheduler ", state.clock().source().name,
                ": the device cannot evaluate a schedule anew: use step(metric.item())"));
  }
  (void)plateau.min_lrs();
  state.advance_plateau(detail::view(metric), plateau.rule(), plateau.on_device());
}

std::vector<double> ReduceLROnPlateau::get_last_lr() const {
  detail::check_not_reading_in_capture("get_last_lr");
  detail::OptimizerState& state = plateau().optimizer();
  std::vector<double> lrs;
  for (std::size_t group = 0; group < state.group_count(); ++group) {
    lrs.push_back(state.current("get_last_lr", group).lr.value);
  }
  return lrs;
}

std::int64_t ReduceLROnPlateau::last_epoch() const {
  detail::check_not_reading_in_capture("last_epoch");
  return plateau().memory().last_epoch;
}

StateDict ReduceLROnPlateau::state_dict() const {
  detail::check_not_capturing("state_dict", "it is for the host: call it between steps");
  const math::PlateauState memory = plateau().memory();
  const auto count = [](std::int64_t value) {
    return detail::state_scalar(static_cast<double>(value));
  };
  return {{"best", detail::state_scalar(memory.best)},
          {"num_bad_epochs", count(memory.bad_epochs)},
          {"cooldown_counter", count(memory.cooldown_left)},
          {"last_epoch", count(memory.last_epoch)}};
}

detail::TakeOver ReduceLROnPlateau::prepare_load(const StateDict& saved) {
  detail::StateReader reader(kName, saved);
  math::PlateauState memory = plateau().memory();
  memory.best = reader.take_scalar("best");
  memory.bad_epochs = reader.take_count("num_bad_epochs");
  memory.cooldown_left = reader.take_count("cooldown_counter");
  memory.last_epoch = reader.take_count("last_epoch");
  reader.finish();
  return [plateau = plateau_, memory] { plateau->set_memory(memory); };
}

}  // namespace kindling::schedulers
