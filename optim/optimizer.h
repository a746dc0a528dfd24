// SPDX-License-Identifier: MIT
#pragma once

#include <kindling/core/api.h>
#include <kindling/core/state_dict.h>
#include <kindling/core/tensor.h>

#include <cstddef>
#include <memory>
#include <vector>

namespace kindling::detail {
class OptimizerState;
}

/// Optimizers: what turns gradients into better parameters.
namespace kindling::optim {

/// Parameters that share their options, e.g. `{body.parameters(), {.lr = 1e-2}}`.
template <class Options>
struct ParamGroup {
  std::vector<Tensor> params;
  Options options;
};

/// What all optimizers have. Building one re-points the storages of its parameters, and of their
/// gradients, into arenas of its own, one of each for every group; all handles and views follow,
/// and the arenas live as long as anything uses them. A parameter belongs to the optimizer built
/// last.
///
/// Neither copyable nor bound to its place: it may be moved, and destroyed before or after its
/// schedulers, with which it shares its state. All groups are on one device. Group numbers out of
/// range are a ValueError. Host values (lr, options) do not wait for the device, unless
/// skip_nonfinite is on or a plateau is fed by a tensor.
class KINDLING_API Optimizer {
 public:
  Optimizer(Optimizer&&) noexcept = default;
  Optimizer& operator=(Optimizer&&) noexcept = default;
  virtual ~Optimizer() = default;

  /// One update of every parameter that has a gradient; the others are left alone, and so is their
  /// count of updates. ValueError, with nothing changed, when a parameter belongs to another
  /// optimizer or has changed device or dtype.
  void step();
  /// Makes all gradients undefined; nothing is written.
  void zero_grad();

  /// The learning rate that the next update of this group uses.
  double lr(std::size_t group = 0) const;
  /// Sets it for all groups, or for one: at once, and until the next step() of a scheduler, if
  /// there is one. ValueError unless it is finite and not negative.
  void set_lr(double lr);
  void set_lr(double lr, std::size_t group);
  std::size_t group_count() const;
  /// Whether a step with an infinite or NaN gradient changes and advances nothing, for all groups
  /// at once: the option skip_nonfinite, which they share.
  void set_skip_nonfinite(bool skip);

  /// Copies of all hyper-parameters ("param_groups.0.lr") and of the state of each parameter,
  /// numbered through all groups
  /// ("state.0.exp_avg"). Waits for the device.
  StateDict state_dict() const;
  /// Takes over what state_dict() of an optimizer built alike gave, hyper-parameters included: a
  /// resumed run equals the unbroken one bit by bit. ValueError or ShapeError, with nothing
  /// changed, when it does not fit.
  void load_state_dict(const StateDict& state) { prepare_load(state)(); }

  /// What save() writes, how load() begins, and the entries' prefix; see core/save.h.
  StateDict state_views() const;
  detail::TakeOver prepare_load(const StateDict& state);
  static constexpr const char* kStateKind = "optimizer";

  /// What schedulers and captured steps share with this optimizer. ValueError when it was moved
  /// from.
  const std::shared_ptr<detail::OptimizerState>& state() const;

 protected:
  explicit Optimizer(std::shared_ptr<detail::OptimizerState> state) noexcept;

 private:
  std::shared_ptr<detail::OptimizerState> state_;
};

/// The part of an optimizer that knows its options.
template <class Options>
class KINDLING_API OptimizerOf : public Optimizer {
 public:
  /// ValueError and its kin, with nothing changed, when parameters or options are refused. Its
  /// schedule starts where that of the other groups stands.
  void add_param_group(const ParamGroup<Options>& group);
  /// Copies, and const: to change an option, use set_options().
  const std::vector<ParamGroup<Options>> param_groups() const;

  /// The options that the next update uses, scheduled values included.
  Options options(std::size_t group = 0) const;
  /// Replaces them; lr as set_lr() does. State that an option now needs (momentum, amsgrad) begins
  /// as if new.
  void set_options(const Options& options, std::size_t group = 0);

 protected:
  using Optimizer::Optimizer;
};

}  // namespace kindling::optim
