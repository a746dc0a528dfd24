// SPDX-License-Identifier: MIT
#include "demo/training.h"

#include "demo/figure.h"
#include "demo/number.h"
#include "demo/progress.h"
#include "demo/schedule_grammar.h"
#include "demo/table.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <iostream>
#include <memory>
#include <numeric>

namespace kindling::demo {
namespace {

double test_loss(const Task& task) {
  const NoGradGuard no_grad;
  return task.loss(task.model(task.test.x), task.test.y).item();
}

// The mean of the last `count` values.
double recent_mean(const std::vector<double>& values, std::size_t count) {
  const auto first = values.end() - static_cast<std::ptrdiff_t>(std::min(count, values.size()));
  return std::accumulate(first, values.end(), 0.0) / static_cast<double>(values.end() - first);
}

// Steps per second since it was made.
class StepRate {
 public:
  long long per_second(std::size_t steps) const {
    const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start_;
    return std::llround(static_cast<double>(steps) / std::max(seconds.count(), 1e-9));
  }

 private:
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

std::int64_t count_parameters(const nn::Module& model) {
  std::int64_t count = 0;
  for (const Tensor& parameter : model.parameters()) count += parameter.numel();
  return count;
}

}  // namespace

nn::Sequential multilayer_perceptron(const std::vector<std::int64_t>& widths) {
  nn::Sequential model;
  for (std::size_t i = 0; i + 1 < widths.size(); ++i) {
    if (i > 0) model.push_back(nn::ReLU());
    model.push_back(nn::Linear(widths[i], widths[i + 1]));
  }
  return model;
}

std::unique_ptr<optim::Optimizer> make_optimizer(const TrainingOptions& options,
                                                 std::vector<Tensor> parameters) {
  const double lr = options.lr;
  if (options.optimizer == "adam") {
    return std::make_unique<optim::Adam>(
        std::move(parameters),
        optim::AdamOptions{.lr = lr, .weight_decay = options.weight_decay.value_or(0.0)});
  }
  if (options.optimizer == "adamw") {
    optim::AdamWOptions chosen{.lr = lr};
    chosen.weight_decay = options.weight_decay.value_or(chosen.weight_decay);
    return std::make_unique<optim::AdamW>(std::move(parameters), chosen);
  }
  return std::make_unique<optim::SGD>(
      std::move(parameters), optim::SGDOptions{.lr = lr,
                                               .momentum = options.momentum,
                                               .weight_decay = options.weight_decay.value_or(0.0)});
}

void apply_environment(const TrainingOptions& options) {
  manual_seed(options.seed);
  if (options.threads > 0) set_num_threads(options.threads);
}

History train(const Task& task, const TrainingOptions& options) {
  const std::int64_t rows = task.train.x.size(0);
  const std::int64_t batch_size = std::min(options.batch_size, rows);
  // Each row of a short last batch would weigh more than the others; the shuffle leaves other rows
  // out in every epoch.
  DataLoader loader(
      {task.train.x, task.train.y},
      {.batch_size = batch_size, .shuffle = true, .drop_last = true, .seed = options.seed});
  History history;
  history.steps_per_epoch = static_cast<std::size_t>(loader.size());
  const auto epochs = static_cast<std::size_t>(options.epochs);
  const std::size_t total_steps = epochs * history.steps_per_epoch;
  const auto [schedule, length] =
      parse_schedule(options.schedule, static_cast<std::int64_t>(total_steps));

  for (const std::string& path : {options.log, options.plot}) {
    if (!path.empty()) write_file(path, "");  // fails now rather than after the training
  }
  const auto optimizer = make_optimizer(options, task.model.parameters());
  schedulers::LRScheduler scheduler(*optimizer, schedule);

  std::cout << message(
      format_count(count_parameters(task.model)), " parameters, ", options.optimizer, " lr ",
      options.lr, options.weight_decay ? message(", weight decay ", *options.weight_decay) : "",
      ", ", format_count(static_cast<long long>(total_steps)), " steps of ", batch_size, " rows, ",
      schedule, "\n\n");
  const Table table({"Epoch", "Learning Rate", "Train Loss", "Test Loss"});
  std::cout << table.header() << std::endl;
  ProgressBar progress(std::cerr, stderr_is_terminal());

  const auto eager_step = [&] {
    const auto [x, y] = loader.next();
    optimizer->zero_grad();
    const Tensor loss = task.loss(task.model(x), y);
    loss.backward();
    optimizer->step();
    scheduler.step();
    return loss;
  };
  auto captured_step = capture(eager_step);
  const StepRate rate;

  for (std::size_t epoch = 1; epoch <= epochs; ++epoch) {
    for (std::size_t batch = 0; batch < history.steps_per_epoch; ++batch) {
      history.learning_rate.push_back(optimizer->lr());
      history.loss.push_back((options.capture ? captured_step() : eager_step()).item());
      if (!std::isfinite(history.loss.back())) {
        throw ValueError(message("train: the loss is ", history.loss.back(), " in step ",
                                 history.loss.size(), ": try a smaller --lr or a longer warm-up"));
      }
      if (!progress.due()) continue;
      progress.show(static_cast<double>(history.loss.size()) / static_cast<double>(total_steps),
                    message("epoch ", epoch, "/", epochs, "  lr ",
                            format_number(history.learning_rate.back()), "  loss ",
                            format_number(history.loss.back()), "  ",
                            format_count(rate.per_second(history.loss.size())), " steps/s"));
    }
    history.test_loss.push_back(test_loss(task));
    if (epoch % std::max<std::size_t>(1, epochs / 10) == 0 || epoch == epochs) {
      progress.clear();
      std::cout << table.row({std::to_string(epoch), format_number(history.learning_rate.back()),
                              format_number(recent_mean(history.loss, history.steps_per_epoch)),
                              format_number(history.test_loss.back())})
                << std::endl;
    }
  }

  if (!options.log.empty()) write_file(options.log, history_csv(history));
  if (!options.plot.empty()) {
    const std::string title = message(task.name, ", ", options.optimizer, " with lr ", options.lr);
    write_file(options.plot, history_svg(history, title, schedule.description()));
  }
  return history;
}

}  // namespace kindling::demo
