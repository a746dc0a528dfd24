// SPDX-License-Identifier: MIT
#pragma once

#include "demo/task.h"
#include "demo/training_options.h"

#include <cstdint>
#include <string>
#include <vector>

namespace kindling::demo {

/// The learning rates of a range test.
struct LrRangeOptions {
  double from = 1e-5, to = 10.0;
  std::int64_t steps = 200;
};

/// What a range test saw: one value a step, up to the end or to where the loss blew up.
struct LrRange {
  std::vector<double> lr, loss;
  std::vector<double> smoothed;  ///< of the loss, over a twentieth of the steps to either side
  double steepest;               ///< learning rate at which the smoothed loss falls fastest
  double lowest;                 ///< at which it is lowest
};

/// Trains with a learning rate that rises from step to step, each time by the same factor, until
/// the loss is four times its lowest (its running mean, that is) or no longer finite. options.lr
/// and options.schedule have no part in it. ValueError if fewer than ten steps were made,
/// Stopped after a signal.
LrRange test_lr_range(const Task& task, TrainingOptions options, const LrRangeOptions& range);

/// The loss over the learning rate as an SVG document.
std::string lr_range_svg(const LrRange& range, const Task& task);

}  // namespace kindling::demo
