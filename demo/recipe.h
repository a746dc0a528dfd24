// SPDX-License-Identifier: MIT
#pragma once

#include <kindling/core/state_dict.h>

#include "demo/columns.h"
#include "demo/csv.h"
#include "demo/dataset.h"

#include <cstdint>
#include <string>
#include <vector>

namespace kindling::demo {

/// All that leads from a row of a table to a prediction but the model's parameters, beside which it
/// is saved.
struct Recipe {
  CsvFormat format = {};
  CellFormat cells = {};
  std::vector<FeatureColumn> columns = {};  ///< in the order of the model's inputs
  std::vector<double> fill = {};  ///< of each feature where it is missing; NaN: that is an error
  Standardizer inputs = {};       ///< of the features
  std::string target = {};
  std::vector<std::string> classes = {};  ///< the labels; none where the target is a quantity
  bool softmax = true;       ///< makes probabilities of the outputs, which else are such themselves
  Standardizer output = {};  ///< of a quantity, whose outputs it undoes
  std::vector<std::int64_t> widths =
      {};  ///< of the model's layers, from the features to the outputs

  /// What the model takes for rows of features, NaN where one is missing.
  std::vector<double> inputs_of(std::vector<double> features) const {
    return inputs.apply(filled(std::move(features), fill));
  }

  static constexpr const char* kStateKind = "recipe";
  StateDict state_dict() const;
  /// ValueError for what is none, with nothing changed.
  void load_state_dict(const StateDict& state);
};

/// The part of a recipe that the training rows alone give: their means fill what is missing, and
/// the features are standardised by them.
Recipe recipe_of(const Dataset& train);

/// The widths of the layers of a model.
std::vector<std::int64_t> layer_widths(std::size_t features,
                                       const std::vector<std::int64_t>& hidden,
                                       std::size_t outputs);

}  // namespace kindling::demo
