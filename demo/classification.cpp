// SPDX-License-Identifier: MIT
#include "demo/device.h"
#include "demo/number.h"
#include "demo/table.h"
#include "demo/task.h"

#include <algorithm>
#include <iostream>

namespace kindling::demo {
namespace {

constexpr std::size_t kMostRows = 20;  // of the table of classes

std::vector<double> one_hot(const std::vector<double>& labels, std::size_t classes) {
  std::vector<double> rows(labels.size() * classes, 0.0);
  for (std::size_t i = 0; i < labels.size(); ++i)
    rows[i * classes + static_cast<std::size_t>(labels[i])] = 1.0;
  return rows;
}

std::vector<double> predicted_classes(const Tensor& outputs) {
  return argmax(outputs, 1).to_vector<double>();
}

std::size_t count_equal(const std::vector<double>& a, const std::vector<double>& b) {
  std::size_t count = 0;
  for (std::size_t i = 0; i < a.size(); ++i) count += a[i] == b[i] ? 1U : 0U;
  return count;
}

std::vector<std::size_t> rows_by_class(const Dataset& part) {
  std::vector<std::size_t> rows(part.classes.size(), 0);
  for (const double label : part.y) ++rows[static_cast<std::size_t>(label)];
  return rows;
}

std::string percent(std::size_t part, std::size_t whole) {
  return format_fixed(100.0 * static_cast<double>(part) / static_cast<double>(whole), 1) + " %";
}

// The accuracy beside that of a guess, and how many rows of each class were found.
void print_accuracy(const std::vector<double>& predicted, const Split& parts) {
  const Dataset& test = parts.test;
  const std::size_t correct = count_equal(predicted, test.y);
  const std::vector<std::size_t> in_train = rows_by_class(parts.train);
  const auto commonest = static_cast<std::size_t>(
      std::max_element(in_train.begin(), in_train.end()) - in_train.begin());
  const std::vector<std::size_t> rows = rows_by_class(test);
  std::cout << message("Test accuracy ", percent(correct, test.rows()), " (", correct, " of ",
                       test.rows(), "); always '", test.classes[commonest],
                       "', the commonest class: ", percent(rows[commonest], test.rows()), "\n\n");

  struct Recall {
    std::size_t label, found, rows;
    double share() const { return static_cast<double>(found) / static_cast<double>(rows); }
  };
  std::vector<Recall> recalls;
  for (std::size_t label = 0; label < rows.size(); ++label) {
    if (rows[label] > 0) recalls.push_back({label, 0, rows[label]});
  }
  for (Recall& recall : recalls) {
    for (std::size_t i = 0; i < predicted.size(); ++i) {
      const double label = static_cast<double>(recall.label);
      recall.found += test.y[i] == label && predicted[i] == label ? 1U : 0U;
    }
  }
  if (recalls.size() > kMostRows) {
    std::stable_sort(recalls.begin(), recalls.end(),
                     [](const Recall& a, const Recall& b) { return a.share() < b.share(); });
    recalls.resize(kMostRows);
    std::cout << "The " << kMostRows << " classes that were found least:\n";
  }
  std::size_t widest = 0;
  for (const Recall& recall : recalls) widest = std::max(widest, test.classes[recall.label].size());
  const Table table(
      {std::string(widest > 5 ? widest - 5 : 0, ' ') + "Class", "Test Rows", "Recall"});
  std::cout << table.header() << '\n';
  for (const Recall& recall : recalls) {
    std::cout << table.row({test.classes[recall.label], std::to_string(recall.rows),
                            percent(recall.found, recall.rows)})
              << '\n';
  }
}

}  // namespace

Task classification_task(const std::string& name, const Split& parts, Recipe recipe,
                         const std::string& loss, const TrainingOptions& options) {
  const Device device = parse_device(options.device);
  const std::size_t width = parts.train.width();
  const std::size_t classes = parts.train.classes.size();
  const bool by_index = loss == "cross_entropy";
  recipe.softmax = by_index;
  recipe.widths = layer_widths(width, options.hidden, classes);
  const auto examples = [&](const Dataset& part) -> Examples {
    const auto on_device = [&](const std::vector<double>& values, const Shape& shape) {
      return from_data(values, shape).to(DType::float32).to(device);
    };
    return {on_device(recipe.inputs_of(part.x), {part.rows(), width}),
            by_index ? on_device(part.y, {part.rows()})
                     : on_device(one_hot(part.y, classes), {part.rows(), classes})};
  };
  Task task{
      .name = name,
      .summary = message(sizes(parts), ", ", classes, " classes"),
      .recipe = recipe,
      .train = examples(parts.train),
      .test = examples(parts.test),
      .loss =
          [by_index](const Tensor& output, const Tensor& y) {
            return by_index ? nn::cross_entropy_loss(output, y) : nn::mse_loss(output, y);
          },
      .loss_name = by_index ? "Cross Entropy" : "MSE",
      .loss_unit = 1.0,
  };
  task.accuracy = [labels = parts.test.y](const Tensor& outputs) {
    return static_cast<double>(count_equal(predicted_classes(outputs), labels)) /
           static_cast<double>(labels.size());
  };
  task.report = [parts, x = task.test.x](const nn::Sequential& model) {
    const NoGradGuard no_grad;
    print_accuracy(predicted_classes(model(x)), parts);
  };
  return task;
}

}  // namespace kindling::demo
