// SPDX-License-Identifier: MIT
#pragma once

#include <kindling/kindling.h>

#include "demo/model_file.h"

#include <string>
#include <vector>

namespace kindling::demo {

/// What becomes of a word that no row of the training data has.
enum class Unknown {
  error,
  none  ///< it is of none of the categories
};

/// The features of a table's rows, NaN where a missing value is to be filled. The columns may stand
/// in any order, among others. ValueError or FileError, which says where and what to do, where one
/// is missing, or holds what the model cannot take.
std::vector<double> features_of(const CsvTable& table, const Recipe& recipe, Unknown unknown);

/// What a model says of rows.
struct Predictions {
  std::vector<double> values;  ///< [rows]: in the target's own unit, or indices into the classes
  std::vector<double> probabilities = {};  ///< [rows, classes]
};

Predictions predict(const TrainedModel& trained, std::vector<double> features, Device device);

/// A line of names and a line for each row: the quantity, or the label and the probability of each
/// class.
std::string predictions_csv(const Recipe& recipe, const Predictions& predictions);

/// "RMSE 53.12, MAE 43.00, R2 0.512, of 442 rows" or "Accuracy 97.1 % (33 of 34)", over the rows of
/// the table that have a target. Empty where there are none.
std::string score(const CsvTable& table, const Recipe& recipe, const Predictions& predictions);

}  // namespace kindling::demo
