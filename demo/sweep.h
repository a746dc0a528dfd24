// SPDX-License-Identifier: MIT
#pragma once

#include "demo/task.h"
#include "demo/training_options.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace kindling::demo {

/// A grid of trainings.
struct Grid {
  std::vector<double> lrs;
  std::vector<std::string> warmups;    ///< steps, or a percentage of the run: "0", "50", "5%"
  std::vector<std::string> schedules;  ///< after the warm-up; percentages are of what is left
  int jobs = 0;                        ///< trainings at once; 0 for one a processor
};

/// One of them, and how it went.
struct Trial {
  double lr;
  std::string warmup, schedule;
  std::vector<double> losses = {};  ///< mean of each epoch's batches, up to one that is not finite
  double train_loss = {};           ///< the last of them; NaN if it diverged
  double test_loss = {};            ///< at the end
  std::optional<double> accuracy = {};
  bool finished = false;  ///< not cut short by a signal
};

/// The schedule that warms up over `warmup` and goes on with `schedule`: a schedule of the grammar,
/// or cosine or linear, down to 0 at the end, or constant. ValueError for what is none.
schedulers::Schedule trial_schedule(const std::string& warmup, const std::string& schedule,
                                    std::int64_t total_steps);

/// Runs every trial of the grid, several at once; each starts with the same weights and sees the
/// same batches. The results do not depend on the number of jobs. In the grid's order: by schedule,
/// by warm-up, by learning rate.
std::vector<Trial> run_sweep(const Task& task, const TrainingOptions& options, const Grid& grid);

/// The final loss over learning rate and warm-up, a table a schedule, and the losses of all trials
/// over the epochs, as an SVG document.
std::string sweep_svg(const std::vector<Trial>& trials, const Grid& grid, const Task& task,
                      const std::string& subtitle);

}  // namespace kindling::demo
