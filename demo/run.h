// SPDX-License-Identifier: MIT
#pragma once

#include <kindling/kindling.h>

#include "demo/history.h"
#include "demo/model_file.h"
#include "demo/task.h"
#include "demo/training_options.h"

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <vector>

namespace kindling::demo {

/// The optimizer that the options name, for `parameters`.
std::unique_ptr<optim::Optimizer> make_optimizer(const TrainingOptions& options,
                                                 std::vector<Tensor> parameters);

/// Checks what only the machine can tell, device and files; seeds the generator and sets the thread
/// count. To be called before any work.
void prepare(const TrainingOptions& options);

/// Rows in a batch of the task: no more than it has.
std::int64_t batch_size(const Task& task, const TrainingOptions& options);
/// An epoch's whole batches.
std::int64_t steps_per_epoch(const Task& task, const TrainingOptions& options);

/// One training: a model, its optimizer and its schedule, and the batches.
class Run {
 public:
  /// Draws the model's weights from the default generator. `task` and `options` must outlive it.
  Run(const Task& task, const TrainingOptions& options, const schedulers::Schedule& schedule);
  Run(const Run&) = delete;
  Run& operator=(const Run&) = delete;

  /// The learning rate of the next step.
  double lr() const { return optimizer_->lr(); }
  /// Makes a step; the loss of its batch before the update, in the target's own unit.
  double step();

  struct Test {
    double loss;                     ///< in the target's own unit
    std::optional<double> accuracy;  ///< from 0 to 1, where there are classes
  };
  /// How good the model is on the test rows.
  Test test() const;

  /// Saves the run and its history as a checkpoint of the folder that the options name.
  void save_checkpoint(const TrainingOptions& options, const History& history) const;
  /// Goes on from a checkpoint, or changes nothing and throws FileError.
  void load_checkpoint(const std::filesystem::path& path, History& history);

  const nn::Sequential& model() const { return model_; }

 private:
  Tensor eager_step();

  const Task& task_;
  nn::Sequential model_;
  DataLoader<2> loader_;
  std::unique_ptr<optim::Optimizer> optimizer_;
  schedulers::LRScheduler scheduler_;
  CapturedStep<Tensor> captured_step_;
  bool capture_;
};

}  // namespace kindling::demo
