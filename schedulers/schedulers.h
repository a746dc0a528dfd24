// SPDX-License-Identifier: MIT
#pragma once

/// The schedulers of PyTorch under PyTorch's names. Each attaches the schedule of its maker, whose
/// header has the formula and the options, to an optimizer; LRScheduler has what all can do.

#include <kindling/core/api.h>
#include <kindling/optim/optimizer.h>
#include <kindling/schedulers/lr_scheduler.h>
#include <kindling/schedulers/reduce_lr_on_plateau.h>
#include <kindling/schedulers/schedules.h>

#include <cstdint>
#include <vector>

namespace kindling::schedulers {

/// lambda(): base * factor(t), with one function for all parameter groups, or one for each.
class KINDLING_API LambdaLR : public LRScheduler {
 public:
  LambdaLR(optim::Optimizer& optimizer, Factor factor);
  LambdaLR(optim::Optimizer& optimizer, const std::vector<Factor>& factors);
};

/// multiplicative(): base * factor(1) * ... * factor(t), with one function for all parameter
/// groups, or one for each.
class KINDLING_API MultiplicativeLR : public LRScheduler {
 public:
  MultiplicativeLR(optim::Optimizer& optimizer, Factor factor);
  MultiplicativeLR(optim::Optimizer& optimizer, const std::vector<Factor>& factors);
};

/// step(): times gamma every step_size steps.
class KINDLING_API StepLR : public LRScheduler {
 public:
  StepLR(optim::Optimizer& optimizer, const StepOptions& options);
};

/// multi_step(): times gamma at each milestone.
class KINDLING_API MultiStepLR : public LRScheduler {
 public:
  MultiStepLR(optim::Optimizer& optimizer, const MultiStepOptions& options);
};

/// constant(): base * factor for total_iters steps.
class KINDLING_API ConstantLR : public LRScheduler {
 public:
  explicit ConstantLR(optim::Optimizer& optimizer, const ConstantOptions& options = {});
};

/// linear(): straight from base * start_factor to base * end_factor.
class KINDLING_API LinearLR : public LRScheduler {
 public:
  explicit LinearLR(optim::Optimizer& optimizer, const LinearOptions& options = {});
};

/// exponential(): times gamma every step.
class KINDLING_API ExponentialLR : public LRScheduler {
 public:
  ExponentialLR(optim::Optimizer& optimizer, const ExponentialOptions& options);
};

/// swa(): from base to swa_lr, and there it stays.
class KINDLING_API SWALR : public LRScheduler {
 public:
  SWALR(optim::Optimizer& optimizer, const SwaOptions& options);
};

/// polynomial(): down to 0 along a power of the time that is left.
class KINDLING_API PolynomialLR : public LRScheduler {
 public:
  explicit PolynomialLR(optim::Optimizer& optimizer, const PolynomialOptions& options = {});
};

/// cosine(): a cosine wave of period 2 T_max between base and eta_min.
class KINDLING_API CosineAnnealingLR : public LRScheduler {
 public:
  CosineAnnealingLR(optim::Optimizer& optimizer, const CosineOptions& options);
};

/// warm_restarts(): half a cosine wave down, over and over.
class KINDLING_API CosineAnnealingWarmRestarts : public LRScheduler {
 public:
  CosineAnnealingWarmRestarts(optim::Optimizer& optimizer, const WarmRestartsOptions& options);
};

/// cyclic(): up and down between base_lr and max_lr, the momentum (SGD) or beta1 (Adam) the
/// opposite way.
class KINDLING_API CyclicLR : public LRScheduler {
 public:
  CyclicLR(optim::Optimizer& optimizer, const CyclicOptions& options);
};

/// one_cycle(): once up to max_lr and down to almost nothing, the momentum (SGD) or beta1 (Adam)
/// the opposite way.
class KINDLING_API OneCycleLR : public LRScheduler {
 public:
  OneCycleLR(optim::Optimizer& optimizer, const OneCycleOptions& options);
};

/// sequence(): one schedule after the other, changing at the milestones.
class KINDLING_API SequentialLR : public LRScheduler {
 public:
  SequentialLR(optim::Optimizer& optimizer, std::vector<Schedule> schedules,
               std::vector<std::int64_t> milestones);
};

/// chain(): all schedules at once, each applied to what the one before it gives.
class KINDLING_API ChainedScheduler : public LRScheduler {
 public:
  ChainedScheduler(optim::Optimizer& optimizer, const std::vector<Schedule>& schedules);
};

}  // namespace kindling::schedulers
