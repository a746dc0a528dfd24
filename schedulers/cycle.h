// SPDX-License-Identifier: MIT
#pragma once

#include <kindling/core/api.h>
#include <kindling/schedulers/per_group.h>
#include <kindling/schedulers/schedule.h>

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

namespace kindling::schedulers {

// The two schedules that are given in absolute learning rates, whatever the base, and that can
// drive the momentum (SGD) or beta1 (Adam) the opposite way. In a product only what stands behind
// them acts: `one_cycle(..) * warmup(..)`.

/// CyclicLR: from base_lr up to max_lr in step_size_up steps, back in step_size_down, over and
/// over; the height of cycle c = 1, 2, ... is scaled by 1 (mode "triangular"), 2^(1-c)
/// ("triangular2") or gamma^t ("exp_range"), or by scale_fn(c), with scale_mode "iterations"
/// scale_fn(t). `base_lr` and `max_lr` are required. Source: Smith, Cyclical Learning Rates
/// (arXiv:1506.01186).
struct CyclicOptions {
  PerGroup base_lr = {};
  PerGroup max_lr = {};
  std::int64_t step_size_up = 2000;
  std::optional<std::int64_t> step_size_down = {};  // step_size_up
  std::string mode = "triangular";
  double gamma = 1.0;
  std::function<double(double)> scale_fn = nullptr;  // replaces mode
  std::string scale_mode = "cycle";
  bool cycle_momentum = true;
  PerGroup base_momentum = 0.8;
  PerGroup max_momentum = 0.9;
};
KINDLING_API Schedule cyclic(const CyclicOptions& options);

/// OneCycleLR: from max_lr / div_factor up to max_lr in the first pct_start of the steps, then down
/// to the start divided by final_div_factor; with three_phase first back to the start in as many
/// steps. `max_lr` is required, and either total_steps or epochs and steps_per_epoch. Past its end
/// it holds the last value. Source: Smith & Topin, Super-Convergence (arXiv:1708.07120).
struct OneCycleOptions {
  PerGroup max_lr = {};
  std::int64_t total_steps = 0;  // epochs * steps_per_epoch
  std::int64_t epochs = 0;
  std::int64_t steps_per_epoch = 0;
  double pct_start = 0.3;
  std::string anneal_strategy = "cos";  // or "linear"
  bool cycle_momentum = true;
  PerGroup base_momentum = 0.85;
  PerGroup max_momentum = 0.95;
  double div_factor = 25.0;
  double final_div_factor = 1e4;
  bool three_phase = false;
};
KINDLING_API Schedule one_cycle(const OneCycleOptions& options);

}  // namespace kindling::schedulers
