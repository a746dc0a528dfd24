// SPDX-License-Identifier: MIT
#include "demo/recipe.h"

#include <kindling/core/error.h>

#include "demo/state_text.h"

#include <cmath>
#include <map>
#include <utility>

namespace kindling::demo {
namespace {

constexpr double kWidest = 1e6;  // layer that a file may ask for

std::string categories_name(std::size_t column) { return message("categories.", column); }

/// The entries of a recipe's state.
class RecipeEntries {
 public:
  explicit RecipeEntries(const StateDict& state) : tensors_(state.begin(), state.end()) {
    if (state.empty()) {
      throw ValueError(
          "recipe: it has none: give a file that kindling-train wrote, by --save or --checkpoint");
    }
  }

  bool has(const std::string& name) const { return tensors_.contains(name); }
  const Tensor& at(const std::string& name) const {
    const auto found = tensors_.find(name);
    if (found == tensors_.end()) throw ValueError(message("recipe: \"", name, "\" is missing"));
    return found->second;
  }
  std::vector<double> numbers(const std::string& name) const {
    return at(name).to(DType::float64).to_vector<double>();
  }
  Standardizer standardizer(const std::string& name, std::size_t width) const {
    Standardizer made(numbers(name + ".mean"), numbers(name + ".deviation"));
    require(made.mean().size() == width && made.deviation().size() == width, name);
    return made;
  }

  static void require(bool holds, const std::string& name) {
    if (!holds) {
      throw ValueError(message("recipe: \"", name,
                               "\" does not go with the rest: the file was not written by "
                               "kindling-train"));
    }
  }

 private:
  std::map<std::string, Tensor> tensors_;
};

}  // namespace

Recipe recipe_of(const Dataset& train) {
  Recipe recipe{.target = train.target, .classes = train.classes};
  recipe.fill = column_means(train.x, train.width());
  recipe.inputs = Standardizer(filled(train.x, recipe.fill), train.width());
  return recipe;
}

std::vector<std::int64_t> layer_widths(std::size_t features,
                                       const std::vector<std::int64_t>& hidden,
                                       std::size_t outputs) {
  std::vector<std::int64_t> widths{static_cast<std::int64_t>(features)};
  widths.insert(widths.end(), hidden.begin(), hidden.end());
  widths.push_back(static_cast<std::int64_t>(outputs));
  return widths;
}

StateDict Recipe::state_dict() const {
  std::vector<std::string> names;
  for (const FeatureColumn& column : columns) names.push_back(column.name);
  StateDict state{{"columns", list_tensor(names)}};
  for (std::size_t i = 0; i < columns.size(); ++i) {
    if (!columns[i].categories.empty())
      state.emplace_back(categories_name(i), list_tensor(columns[i].categories));
  }
  state.insert(state.end(), {{"fill", numbers_tensor(fill)},
                             {"inputs.mean", numbers_tensor(inputs.mean())},
                             {"inputs.deviation", numbers_tensor(inputs.deviation())},
                             {"target", text_tensor(target)},
                             {"classes", list_tensor(classes)},
                             {"softmax", numbers_tensor({softmax ? 1.0 : 0.0})},
                             {"output.mean", numbers_tensor(output.mean())},
                             {"output.deviation", numbers_tensor(output.deviation())},
                             {"widths", numbers_tensor({widths.begin(), widths.end()})},
                             {"format.separator", text_tensor({format.separator})},
                             {"format.names", list_tensor(format.names)},
                             {"format.decimal", text_tensor({cells.decimal})},
                             {"format.na", list_tensor(cells.na)}});
  return state;
}

void Recipe::load_state_dict(const StateDict& state) {
  const RecipeEntries entries(state);
  const auto character = [&](const std::string& name) {
    const std::string text = text_of(entries.at(name));
    entries.require(text.size() == 1, name);
    return text[0];
  };
  Recipe loaded;
  loaded.format = {character("format.separator"), list_of(entries.at("format.names"))};
  loaded.cells = {list_of(entries.at("format.na")), character("format.decimal")};
  std::size_t features = 0;
  for (const std::string& name : list_of(entries.at("columns"))) {
    FeatureColumn column{name};
    const std::string categories = categories_name(loaded.columns.size());
    if (entries.has(categories)) column.categories = list_of(entries.at(categories));
    features += column.features();
    loaded.columns.push_back(std::move(column));
  }
  loaded.fill = entries.numbers("fill");
  entries.require(features > 0 && loaded.fill.size() == features, "fill");
  loaded.inputs = entries.standardizer("inputs", features);
  loaded.target = text_of(entries.at("target"));
  loaded.classes = list_of(entries.at("classes"));
  loaded.softmax = entries.numbers("softmax") == std::vector{1.0};
  loaded.output = entries.standardizer("output", loaded.classes.empty() ? 1 : 0);
  for (const double width : entries.numbers("widths")) {
    entries.require(width >= 1 && width <= kWidest && width == std::floor(width), "widths");
    loaded.widths.push_back(static_cast<std::int64_t>(width));
  }
  const std::size_t outputs = loaded.classes.empty() ? 1 : loaded.classes.size();
  entries.require(loaded.widths.size() >= 2 &&
                      loaded.widths.front() == static_cast<std::int64_t>(features) &&
                      loaded.widths.back() == static_cast<std::int64_t>(outputs),
                  "widths");
  *this = std::move(loaded);
}

}  // namespace kindling::demo
