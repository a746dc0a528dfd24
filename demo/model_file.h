// SPDX-License-Identifier: MIT
#pragma once

#include <kindling/kindling.h>

#include "demo/recipe.h"

#include <string>

namespace kindling::demo {

/// Linear layers of the given widths with ReLU between them: {10, 64, 1} has two.
nn::Sequential multilayer_perceptron(const std::vector<std::int64_t>& widths);

/// A trained model and what leads from a row of a table to it and on to its prediction.
struct TrainedModel {
  Recipe recipe;
  nn::Sequential model;
};

/// Writes both to a file, all or nothing; through a link, and never over what is no file.
/// FileError when that fails.
void save_model(const std::string& path, const Recipe& recipe, const nn::Sequential& model);

/// Reads what save_model() wrote, or a checkpoint of the trainer. FileError that says what is wrong
/// for any other file.
TrainedModel load_model(const std::string& path);

}  // namespace kindling::demo
