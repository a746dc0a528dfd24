// SPDX-License-Identifier: MIT
#include "demo/regression.h"

#include "demo/device.h"
#include "demo/least_squares.h"
#include "demo/number.h"
#include "demo/table.h"
#include "demo/training.h"

#include <cmath>
#include <iostream>
#include <numeric>

namespace kindling::demo {
namespace {

double mean_square(const std::vector<double>& values, const std::vector<double>& from) {
  const auto squared_distance = [](double a, double b) { return (a - b) * (a - b); };
  return std::transform_reduce(values.begin(), values.end(), from.begin(), 0.0, std::plus<>(),
                               squared_distance) /
         static_cast<double>(values.size());
}

double mean_of(const std::vector<double>& values) {
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

// Name, root mean square error on both parts, and the share of the test targets' variance that is
// explained, where they vary.
std::vector<std::string> scores(const std::string& name, const Split& data,
                                const std::vector<double>& train_predictions,
                                const std::vector<double>& test_predictions) {
  const double test_error = mean_square(test_predictions, data.test.y);
  const std::vector<double> constant(data.test.rows(), mean_of(data.test.y));
  const double variance = mean_square(data.test.y, constant);
  return {name, format_fixed(std::sqrt(mean_square(train_predictions, data.train.y)), 3),
          format_fixed(std::sqrt(test_error), 3),
          variance > 0.0 ? format_fixed(1.0 - test_error / variance, 3) : "-"};
}

}  // namespace

void run_regression(const std::string& name, const Dataset& data, const TrainingOptions& options) {
  apply_environment(options);
  const Device device = parse_device(options.device);
  const Split parts = split(data, options.test_fraction, options.seed);
  const Standardizer features(parts.train.x, data.width());
  const Standardizer target(parts.train.y, 1);
  const auto examples = [&](const Dataset& part) -> Examples {
    const auto tensor = [&](const std::vector<double>& values, std::size_t width) {
      return from_data(values, {part.rows(), width}).to(DType::float32).to(device);
    };
    return {tensor(features.apply(part.x), data.width()), tensor(target.apply(part.y), 1)};
  };

  std::vector<std::int64_t> widths{static_cast<std::int64_t>(data.width())};
  widths.insert(widths.end(), options.hidden.begin(), options.hidden.end());
  widths.push_back(1);
  const Task task{
      name, multilayer_perceptron(widths), examples(parts.train), examples(parts.test),
      [](const Tensor& output, const Tensor& wanted) { return nn::mse_loss(output, wanted); }};
  task.model.to(device);

  std::cout << message(name, ": ", format_count(static_cast<long long>(parts.train.rows())),
                       " rows to train on, ",
                       format_count(static_cast<long long>(parts.test.rows())), " to test with, ",
                       data.width(), " features, target ", data.target, '\n');
  train(task, options);

  const auto predictions = [&](const Examples& rows) {
    const NoGradGuard no_grad;
    return target.undo(task.model(rows.x).to_vector<double>());
  };
  const Table table({"Model", "Train RMSE", "Test RMSE", "Test R2"}, 13);
  std::cout << '\n'
            << table.header() << '\n'
            << table.row(scores("Kindling", parts, predictions(task.train), predictions(task.test)))
            << '\n'
            << table.row(scores("least squares", parts,
                                least_squares_predictions(parts.train, parts.train),
                                least_squares_predictions(parts.train, parts.test)))
            << '\n';
}

}  // namespace kindling::demo
