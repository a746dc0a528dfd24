// SPDX-License-Identifier: MIT
#pragma once

#include <kindling/core/api.h>
#include <kindling/schedulers/per_group.h>
#include <kindling/schedulers/schedule.h>

#include <cstdint>
#include <string>
#include <vector>

namespace kindling::schedulers {

// Schedules that lead from one factor to another and stay there. Options and values are those of
// the PyTorch scheduler named in each comment; every maker throws ValueError "name: field value:
// rule" for an option outside its range.

/// ConstantLR: base * factor for `total_iters` steps, then base.
struct ConstantOptions {
  double factor = 1.0 / 3.0;
  std::int64_t total_iters = 5;
};
KINDLING_API Schedule constant(const ConstantOptions& options = {});

/// LinearLR: from base * start_factor straight to base * end_factor, reached at t = total_iters.
struct LinearOptions {
  double start_factor = 1.0 / 3.0;
  double end_factor = 1.0;
  std::int64_t total_iters = 5;
};
KINDLING_API Schedule linear(const LinearOptions& options = {});

/// ExponentialLR: base * gamma^t. `gamma` is required.
struct ExponentialOptions {
  double gamma = 0;
};
KINDLING_API Schedule exponential(const ExponentialOptions& options);

/// PolynomialLR: base * (1 - t / total_iters)^power, 0 from t = total_iters on.
struct PolynomialOptions {
  std::int64_t total_iters = 5;
  double power = 1.0;
};
KINDLING_API Schedule polynomial(const PolynomialOptions& options = {});

/// SWALR: from base to the absolute `swa_lr` in anneal_epochs steps, along half a cosine wave
/// (anneal_strategy "cos") or straight ("linear"), and there it stays, for weights that are
/// averaged meanwhile (optim::AveragedParameters). `swa_lr` is required. Source: Izmailov et al.,
/// Averaging Weights Leads to Wider Optima and Better Generalization (arXiv:1803.05407).
struct SwaOptions {
  PerGroup swa_lr = {};
  std::int64_t anneal_epochs = 10;
  std::string anneal_strategy = "cos";
};
KINDLING_API Schedule swa(const SwaOptions& options);

/// StepLR: base * gamma^(t / step_size), whole division. `step_size` is required.
struct StepOptions {
  std::int64_t step_size = 0;
  double gamma = 0.1;
};
KINDLING_API Schedule step(const StepOptions& options);

/// MultiStepLR: base * gamma^(number of milestones <= t), in any order, a repeated one counting
/// twice. `milestones` is required.
struct MultiStepOptions {
  std::vector<std::int64_t> milestones = {};
  double gamma = 0.1;
};
KINDLING_API Schedule multi_step(const MultiStepOptions& options);

}  // namespace kindling::schedulers
