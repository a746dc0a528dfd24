// SPDX-License-Identifier: MIT
#include "demo/classification.h"

#include "demo/device.h"
#include "demo/number.h"
#include "demo/training.h"

#include <algorithm>
#include <cmath>
#include <iostream>

namespace kindling::demo {
namespace {

constexpr double kMostClasses = 1000;

std::size_t count_classes(const Split& data) {
  double largest = 0;
  for (const Dataset* part : {&data.train, &data.test}) {
    for (const double label : part->y) {
      if (label < 0 || label >= kMostClasses || label != std::floor(label)) {
        throw ValueError(message("classes: ", label, " in column '", data.train.target,
                                 "' is no class: expected whole numbers 0, 1, 2, ... below ",
                                 kMostClasses));
      }
      largest = std::max(largest, label);
    }
  }
  return static_cast<std::size_t>(largest) + 1;
}

std::vector<double> one_hot(const std::vector<double>& labels, std::size_t classes) {
  std::vector<double> rows(labels.size() * classes, 0.0);
  for (std::size_t i = 0; i < labels.size(); ++i)
    rows[i * classes + static_cast<std::size_t>(labels[i])] = 1.0;
  return rows;
}

std::size_t count_correct(const nn::Sequential& model, const Tensor& x,
                          const std::vector<double>& labels) {
  const NoGradGuard no_grad;
  const std::vector<double> predicted = argmax(model(x), 1).to_vector<double>();
  std::size_t correct = 0;
  for (std::size_t i = 0; i < labels.size(); ++i) correct += predicted[i] == labels[i] ? 1U : 0U;
  return correct;
}

}  // namespace

void run_classification(const std::string& name, const Split& data, const std::string& loss,
                        const TrainingOptions& options) {
  apply_environment(options);
  const Device device = parse_device(options.device);
  const std::size_t width = data.train.width();
  const std::size_t classes = count_classes(data);
  const bool by_index = loss == "cross_entropy";

  const auto on_device = [&](const std::vector<double>& values, const Shape& shape) {
    return from_data(values, shape).to(DType::float32).to(device);
  };
  const auto examples = [&](const Dataset& part) -> Examples {
    return {on_device(part.x, {part.rows(), width}),
            by_index ? on_device(part.y, {part.rows()})
                     : on_device(one_hot(part.y, classes), {part.rows(), classes})};
  };
  std::vector<std::int64_t> widths{static_cast<std::int64_t>(width)};
  widths.insert(widths.end(), options.hidden.begin(), options.hidden.end());
  widths.push_back(static_cast<std::int64_t>(classes));
  const Task task{name, multilayer_perceptron(widths), examples(data.train), examples(data.test),
                  [by_index](const Tensor& output, const Tensor& wanted) {
                    return by_index ? nn::cross_entropy_loss(output, wanted)
                                    : nn::mse_loss(output, wanted);
                  }};
  task.model.to(device);

  std::cout << message(name, ": ", format_count(static_cast<long long>(data.train.rows())),
                       " rows to train on, ",
                       format_count(static_cast<long long>(data.test.rows())), " to test with, ",
                       width, " features, ", classes, " classes\n");
  train(task, options);

  const std::size_t correct = count_correct(task.model, task.test.x, data.test.y);
  const double percent =
      100.0 * static_cast<double>(correct) / static_cast<double>(data.test.rows());
  std::cout << message("\nTest accuracy ", format_fixed(percent, 1), " % (", correct, " of ",
                       data.test.rows(), ")\n");
}

}  // namespace kindling::demo
