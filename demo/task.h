// SPDX-License-Identifier: MIT
#pragma once

#include <kindling/kindling.h>

#include "demo/dataset.h"
#include "demo/training_options.h"

#include <cstdint>
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
  std::string summary;               ///< "354 rows to train on, 88 to test with, ..."
  std::vector<std::int64_t> widths;  ///< of the model's layers, from the features to the outputs
  Examples train, test;
  std::function<Tensor(const Tensor& output, const Tensor& target)> loss;
  std::string loss_name;
  double loss_unit;  ///< from `loss` to the loss in the target's own unit
  /// The share of the test rows for which the outputs are right; empty where there are no classes.
  std::function<double(const Tensor& outputs)> accuracy = {};
  /// Prints how good the trained model is.
  std::function<void(const nn::Sequential& model)> report = {};
};

/// A task that learns a quantity by its squared error. Features and target are standardised by the
/// training rows; errors are in the target's own unit, beside those of an ordinary least-squares
/// fit to the same rows.
Task regression_task(const std::string& name, Split parts, const TrainingOptions& options);

/// A task that learns which of data.classes a row is of, by `loss`: "cross_entropy", or "mse" for
/// the squared error from the one-hot form. The features are taken as they are.
Task classification_task(const std::string& name, const Split& parts, const std::string& loss,
                         const TrainingOptions& options);

/// The features standardised by the training rows.
Split standardized(Split parts);

/// The widths of the layers of a model.
std::vector<std::int64_t> layer_widths(std::size_t features,
                                       const std::vector<std::int64_t>& hidden,
                                       std::size_t outputs);

/// "354 rows to train on, 88 to test with, 10 features"
std::string sizes(const Split& parts);

}  // namespace kindling::demo
