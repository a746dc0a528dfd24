// SPDX-License-Identifier: MIT
#include "demo/device.h"
#include "demo/errors.h"
#include "demo/least_squares.h"
#include "demo/number.h"
#include "demo/table.h"
#include "demo/task.h"

#include <cmath>
#include <iostream>
#include <utility>

namespace kindling::demo {
namespace {

std::vector<std::string> row_of(const std::string& name, const Errors& train, const Errors& test) {
  const auto text = [](double value) {
    return std::isnan(value) ? std::string("-") : format_fixed(value, 3);
  };
  return {name, text(train.rmse), text(test.rmse), text(test.mae), text(test.r2)};
}

}  // namespace

Task regression_task(const std::string& name, Split parts, Recipe recipe,
                     const TrainingOptions& options) {
  const Device device = parse_device(options.device);
  const std::size_t width = parts.train.width();
  const Standardizer target(parts.train.y, 1);
  if (target.deviation()[0] == 0.0) {
    throw ValueError(message("regression: '", parts.train.target,
                             "' is the same in all training rows: there is nothing to learn"));
  }
  recipe.output = target;
  recipe.widths = layer_widths(width, options.hidden, 1);
  const auto examples = [&](const Dataset& part) -> Examples {
    const auto tensor = [&](const std::vector<double>& values, std::size_t columns) {
      return from_data(values, {part.rows(), columns}).to(DType::float32).to(device);
    };
    return {tensor(recipe.inputs_of(part.x), width), tensor(target.apply(part.y), 1)};
  };
  Task task{
      .name = name,
      .summary = message(sizes(parts), ", to predict ", parts.train.target),
      .recipe = recipe,
      .train = examples(parts.train),
      .test = examples(parts.test),
      .loss = [](const Tensor& output, const Tensor& y) { return nn::mse_loss(output, y); },
      .loss_name = "MSE",
      .loss_unit = target.deviation()[0] * target.deviation()[0],
  };
  for (Dataset* part : {&parts.train, &parts.test})  // as least squares take them
    part->x = filled(std::move(part->x), recipe.fill);
  task.report = [parts = std::move(parts), target, train = task.train,
                 test = task.test](const nn::Sequential& model) {
    const auto predictions = [&](const Examples& rows) {
      const NoGradGuard no_grad;
      return target.undo(model(rows.x).to_vector<double>());
    };
    const auto row = [&](const char* fit, const std::vector<double>& on_train,
                         const std::vector<double>& on_test) {
      return row_of(fit, errors_of(on_train, parts.train.y), errors_of(on_test, parts.test.y));
    };
    const Table table({"Model", "Train RMSE", "Test RMSE", "Test MAE", "Test R2"}, 13);
    std::cout << table.header() << '\n'
              << table.row(row("Kindling", predictions(train), predictions(test))) << '\n'
              << table.row(row("least squares", least_squares_predictions(parts.train, parts.train),
                               least_squares_predictions(parts.train, parts.test)))
              << '\n';
  };
  return task;
}

}  // namespace kindling::demo
