// SPDX-License-Identifier: MIT
#include "demo/prediction.h"

#include <kindling/core/nearest.h>

#include "demo/errors.h"
#include "demo/number.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <utility>

namespace kindling::demo {
namespace {

std::optional<std::size_t> place_of(const std::string& name, const CsvTable& table) {
  const auto found = std::find(table.columns.begin(), table.columns.end(), name);
  if (found == table.columns.end()) return std::nullopt;
  return static_cast<std::size_t>(found - table.columns.begin());
}

bool is_one_of(const std::string& word, const std::vector<std::string>& known) {
  return std::find(known.begin(), known.end(), word) != known.end();
}

/// Throws for a field that the column cannot take. `fill` is what the column has for a missing one.
void check_field(const CsvTable& table, const Cell& cell, const FeatureColumn& column, double fill,
                 const CellFormat& cells, Unknown unknown) {
  const auto holds = [&] {
    return message("column '", column.name, "' holds '", cell.text, "', ");
  };
  if (cells.missing(cell.text)) {
    if (!std::isnan(fill)) return;
    fail_at(table.source, cell,
            message("column '", column.name,
                    "' has no value here, and the model was trained on rows "
                    "that had all: give one, or train it with --missing mean"));
  }
  if (column.categories.empty() && !cells.number(cell.text)) {
    const CellFormat other{{}, cells.decimal == '.' ? ',' : '.'};
    fail_at(table.source, cell,
            message(holds(), "where the model was trained on numbers: ",
                    other.number(cell.text) ? message("give --decimal ", other.decimal)
                                            : message("correct it, or give --na '", cell.text,
                                                      "' if it stands for a missing value")));
  }
  if (!column.categories.empty() && unknown == Unknown::error &&
      !is_one_of(cell.text, column.categories)) {
    const std::string near = detail::suggestion(cell.text, column.categories);
    fail_at(
        table.source, cell,
        message(holds(), "which is none of its ", column.categories.size(),
                " words in the training",
                near.empty() ? ": correct it, or give --unknown none to take it for none of them"
                             : near + " (--unknown none takes it for none of them)"));
  }
}

std::string quoted(const std::string& text) {
  if (text.find_first_of(",; \t\"\r\n") == std::string::npos) return text;
  std::string result = "\"";
  for (const char c : text) result += c == '"' ? std::string("\"\"") : std::string(1, c);
  return result + '"';
}

std::string accuracy(const CsvTable& table, std::size_t target, const Recipe& recipe,
                     const Predictions& predictions) {
  std::size_t rows = 0, right = 0;
  for (std::size_t row = 0; row < table.rows(); ++row) {
    const std::string& text = table.at(row, target).text;
    if (recipe.cells.missing(text)) continue;
    ++rows;
    const auto predicted = static_cast<std::size_t>(predictions.values[row]);
    right += recipe.cells.label(text) == recipe.classes[predicted] ? 1U : 0U;
  }
  if (rows == 0) return "";
  const double share = static_cast<double>(right) / static_cast<double>(rows);
  return message("Accuracy ", format_fixed(100.0 * share, 1), " % (", counted(right), " of ",
                 counted(rows), ")");
}

}  // namespace

std::vector<double> features_of(const CsvTable& table, const Recipe& recipe, Unknown unknown) {
  std::vector<std::size_t> places;
  for (const FeatureColumn& column : recipe.columns) {
    const auto place = place_of(column.name, table);
    if (!place) {
      const std::string near = detail::suggestion(column.name, table.columns);
      throw ValueError(message("csv: ", table.source, " has no column '", column.name,
                               "', from which the model predicts",
                               near.empty() ? ": it has " + detail::listed(table.columns) : near));
    }
    places.push_back(*place);
  }
  std::vector<double> features;
  for (std::size_t row = 0; row < table.rows(); ++row) {
    std::size_t feature = 0;
    for (std::size_t i = 0; i < places.size(); ++i) {
      const FeatureColumn& column = recipe.columns[i];
      const Cell& cell = table.at(row, places[i]);
      check_field(table, cell, column, recipe.fill[feature], recipe.cells, unknown);
      append_features(features, column, cell.text, recipe.cells);
      feature += column.features();
    }
  }
  return features;
}

Predictions predict(const TrainedModel& trained, std::vector<double> features, Device device) {
  const Recipe& recipe = trained.recipe;
  const std::size_t width = recipe.fill.size(), rows = features.size() / width;
  const NoGradGuard no_grad;
  const Tensor inputs = from_data(recipe.inputs_of(std::move(features)), {rows, width});
  const Tensor outputs = trained.model(inputs.to(DType::float32).to(device));
  if (recipe.classes.empty()) return {recipe.output.undo(outputs.to_vector<double>())};
  return {argmax(outputs, 1).to_vector<double>(),
          (recipe.softmax ? softmax(outputs, 1) : outputs).to_vector<double>()};
}

std::string predictions_csv(const Recipe& recipe, const Predictions& predictions) {
  std::string text = quoted(recipe.target);
  for (const std::string& label : recipe.classes) text += ',' + quoted(recipe.target + '=' + label);
  text += '\n';
  const std::size_t classes = recipe.classes.size();
  for (std::size_t row = 0; row < predictions.values.size(); ++row) {
    const double value = predictions.values[row];
    text += classes == 0 ? format_exact(value)
                         : quoted(recipe.classes[static_cast<std::size_t>(value)]);
    for (std::size_t i = 0; i < classes; ++i)
      text += ',' + format_exact(predictions.probabilities[row * classes + i]);
    text += '\n';
  }
  return text;
}

std::string score(const CsvTable& table, const Recipe& recipe, const Predictions& predictions) {
  const auto target = place_of(recipe.target, table);
  if (!target) return "";
  if (!recipe.classes.empty()) return accuracy(table, *target, recipe, predictions);
  std::vector<double> predicted, wanted;
  for (std::size_t row = 0; row < table.rows(); ++row) {
    const Cell& cell = table.at(row, *target);
    if (recipe.cells.missing(cell.text)) continue;
    const auto value = recipe.cells.number(cell.text);
    if (!value) {
      fail_at(table.source, cell,
              message("column '", recipe.target, "' holds '", cell.text,
                      "', where the model predicts numbers: correct it, or leave the column out"));
    }
    predicted.push_back(predictions.values[row]);
    wanted.push_back(*value);
  }
  if (wanted.empty()) return "";
  const Errors errors = errors_of(predicted, wanted);
  return message("RMSE ", format_short(errors.rmse), ", MAE ", format_short(errors.mae),
                 std::isnan(errors.r2) ? "" : ", R2 " + format_fixed(errors.r2, 3), ", of ",
                 counted(wanted.size()), wanted.size() == 1 ? " row" : " rows");
}

}  // namespace kindling::demo
