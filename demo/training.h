// SPDX-License-Identifier: MIT
#pragma once

#include <kindling/kindling.h>

#include "demo/history.h"
#include "demo/training_options.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace kindling::demo {

/// Rows on one device, as a model takes them.
struct Examples {
  Tensor x;  ///< [rows, features]
  Tensor y;  ///< [rows, outputs], or [rows] class indices
};

/// What is to be learned.
struct Task {
  std::string name;
  nn::Sequential model;
  Examples train, test;
  std::function<Tensor(const Tensor& output, const Tensor& target)> loss;
};

/// Linear layers of the given widths with ReLU between them: {10, 64, 1} has two.
nn::Sequential multilayer_perceptron(const std::vector<std::int64_t>& widths);

/// The optimizer that the options name, for `parameters`.
std::unique_ptr<optim::Optimizer> make_optimizer(const TrainingOptions& options,
                                                 std::vector<Tensor> parameters);

/// Seeds the generator and sets the thread count; to be called before the model is made.
void apply_environment(const TrainingOptions& options);

/// Trains task.model: prints a table of about ten rows to stdout, shows a progress bar when stderr
/// is a terminal, and writes the log and the plot that were asked for. ValueError for options out
/// of range, or when the loss is no longer finite.
History train(const Task& task, const TrainingOptions& options);

}  // namespace kindling::demo
