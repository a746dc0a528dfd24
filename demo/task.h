// SPDX-License-Identifier: MIT
#pragma once

#include <kindling/kindling.h>

#include "demo/dataset.h"
#include "demo/recipe.h"
#include "demo/training_options.h"

#include <functional>
#include <string>
#include <vector>

namespace kindling::demo {

/// Rows on one device, as a model takes them.
struct Examples {
  Tensor x;  ///< [rows, features]
  Tensor y;  ///< [rows, outputs], or [rows] class indices
};

/// What is to be learned, and how well it was.
struct Task {
  std::string name;
  std::string summary;  ///< "354 rows to train on, 88 to test with, ..."
  Recipe recipe;        ///< from a row of the data to what the model predicts
  Examples train, test;
  std::function<Tensor(const Tensor& output, const Tensor& target)> loss;
  std::string loss_name;
  double loss_unit;  ///< from `loss` to the loss in the target's own unit
  /// The share of the test rows for which the outputs are right; empty where there are no classes.
  std::function<double(const Tensor& outputs)> accuracy = {};
  /// Prints how good the trained model is.
  std::function<void(const nn::Sequential& model)> report = {};
};

// Tasks of the rows in `parts`, from a recipe that leads to a model's inputs; they complete it.

/// Learns a quantity by its squared error. The target is standardised by the training rows; errors
/// are in its own unit, beside those of an ordinary least-squares fit to the same rows.
Task regression_task(const std::string& name, Split parts, Recipe recipe,
                     const TrainingOptions& options);

/// Learns which of the recipe's classes a row is of, by `loss`: "cross_entropy", or "mse" for the
/// squared error from the one-hot form.
Task classification_task(const std::string& name, const Split& parts, Recipe recipe,
                         const std::string& loss, const TrainingOptions& options);

/// A number that tells the task's rows from others, in hexadecimal: FNV-1a, 64 bits, of all values
/// (http://www.isthe.com/chongo/tech/comp/fnv/).
std::string checksum(const Task& task);

/// "354 rows to train on, 88 to test with, 10 features"
std::string sizes(const Split& parts);

}  // namespace kindling::demo
