// SPDX-License-Identifier: MIT
#include "demo/device.h"
#include "demo/least_squares.h"
#include "demo/number.h"
#include "demo/table.h"
#include "demo/task.h"

#include <cmath>
#include <iostream>
#include <memory>
#include <numeric>
#include <utility>

namespace kindling::demo {
namespace {

/// How far predictions are from what was to be predicted.
struct Errors {
  double rmse, mae;
  double r2;  // the share of the variance that is explained; NaN where there is no variance
};

Errors errors_of(const std::vector<double>& predicted, const std::vector<double>& wanted) {
  const double rows = static_cast<double>(wanted.size());
  const double mean = std::accumulate(wanted.begin(), wanted.end(), 0.0) / rows;
  double squares = 0.0, sizes = 0.0, variance = 0.0;
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    const double error = predicted[i] - wanted[i];
    squares += error * error / rows;
    sizes += std::abs(error) / rows;
    variance += (wanted[i] - mean) * (wanted[i] - mean) / rows;
  }
  return {std::sqrt(squares), sizes, variance > 0.0 ? 1.0 - squares / variance : std::nan("")};
}

std::vector<std::string> row_of(const std::string& name, const Errors& train, const Errors& test) {
  const auto text = [](double value) {
    return std::isnan(value) ? std::string("-") : format_fixed(value, 3);
  };
  return {name, text(train.rmse), text(test.rmse), text(test.mae), text(test.r2)};
}

}  // namespace

Task regression_task(const std::string& name, Split parts, const TrainingOptions& options) {
  const Device device = parse_device(options.device);
  fill_missing(parts);
  const std::size_t width = parts.train.width();
  const Standardizer target(parts.train.y, 1);
  if (target.deviation(0) == 0.0) {
    throw ValueError(message("regression: '", parts.train.target,
                             "' is the same in all training rows: there is nothing to learn"));
  }
  const Split scaled = standardized(parts);
  const auto examples = [&](const Dataset& part) -> Examples {
    const auto tensor = [&](const std::vector<double>& values, std::size_t columns) {
      return from_data(values, {part.rows(), columns}).to(DType::float32).to(device);
    };
    return {tensor(part.x, width), tensor(target.apply(part.y), 1)};
  };
  Task task{
      .name = name,
      .summary = message(sizes(parts), ", to predict ", parts.train.target),
      .widths = layer_widths(width, options.hidden, 1),
      .train = examples(scaled.train),
      .test = examples(scaled.test),
      .loss = [](const Tensor& output, const Tensor& y) { return nn::mse_loss(output, y); },
      .loss_name = "MSE",
      .loss_unit = target.deviation(0) * target.deviation(0),
  };
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
