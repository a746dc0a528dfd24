// SPDX-License-Identifier: MIT
#include "demo/model_file.h"

#include <filesystem>

namespace kindling::demo {

nn::Sequential multilayer_perceptron(const std::vector<std::int64_t>& widths) {
  nn::Sequential model;
  for (std::size_t i = 0; i + 1 < widths.size(); ++i) {
    if (i > 0) model.push_back(nn::ReLU());
    model.push_back(nn::Linear(widths[i], widths[i + 1]));
  }
  return model;
}

void save_model(const std::string& path, const Recipe& recipe, const nn::Sequential& model) {
  const std::filesystem::path target = std::filesystem::weakly_canonical(path);
  if (std::filesystem::exists(target) && !std::filesystem::is_regular_file(target))
    throw FileError(message("cannot write ", path, ": it is no file"));
  save(target, recipe, model);
}

TrainedModel load_model(const std::string& path) {
  Recipe recipe;
  load(path, recipe);
  nn::Sequential model = multilayer_perceptron(recipe.widths);
  load(path, model);
  return {std::move(recipe), model};
}

}  // namespace kindling::demo
