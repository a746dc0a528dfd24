// SPDX-License-Identifier: MIT
#pragma once

#include <kindling/core/api.h>
#include <kindling/core/state_dict.h>
#include <kindling/core/tensor.h>
#include <kindling/optim/optimizer.h>
#include <kindling/schedulers/per_group.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace kindling::schedulers {

struct PlateauOptions {
  std::string mode = "min";            // or "max"
  double factor = 0.1;                 // in [0, 1)
  std::int64_t patience = 10;          // >= 0: metrics without improvement that are put up with
  double threshold = 1e-4;             // what counts as an improvement
  std::string threshold_mode = "rel";  // or "abs"
  std::int64_t cooldown = 0;  // >= 0: metrics after a reduction in which nothing is counted
  PerGroup min_lr = 0.0;
  double eps = 1e-8;  // a smaller reduction is not made
};

/// Reduces the learning rate when a metric has stopped improving: lr becomes max(lr factor, min_lr)
/// after more than `patience` metrics in a row that did not beat the best one. The rule of
/// PyTorch's class of this name; a NaN does not improve. Beside a scheduler it reduces the base
/// learning rate, which the schedule goes on to multiply (a schedule in absolute learning rates is
/// not affected). An optimizer takes one at a time. Movable; see LRScheduler.
class KINDLING_API ReduceLROnPlateau {
 public:
  explicit ReduceLROnPlateau(optim::Optimizer& optimizer, const PlateauOptions& options = {});
  ReduceLROnPlateau(ReduceLROnPlateau&&) noexcept;
  ReduceLROnPlateau& operator=(ReduceLROnPlateau&&) noexcept;
  ~ReduceLROnPlateau();

  /// Takes in one metric on the host.
  void step(double metric);
  /// Takes in one metric of one element on the optimizer's device, by the same rule and in double,
  /// without waiting for it; from then on host values wait. ValueError beside a scheduler: its base
  /// is on the host, use step(double).
  void step(const Tensor& metric);

  /// The learning rate of each group.
  std::vector<double> get_last_lr() const;
  /// Metrics taken in.
  std::int64_t last_epoch() const;

  /// "best", "num_bad_epochs", "cooldown_counter", "last_epoch"; the learning rates are in the
  /// optimizer's state.
  StateDict state_dict() const;
  /// ValueError, with nothing changed, when it does not fit.
  void load_state_dict(const StateDict& state) { prepare_load(state)(); }

  /// How load() begins, and the entries' prefix; see core/save.h.
  detail::TakeOver prepare_load(const StateDict& state);
  static constexpr const char* kStateKind = "scheduler";

 private:
  class Plateau;
  Plateau& plateau() const;

  std::shared_ptr<Plateau> plateau_;
};

}  // namespace kindling::schedulers
