// SPDX-License-Identifier: MIT
#include "demo/run.h"

#include "demo/device.h"
#include "demo/output_file.h"

#include <algorithm>
#include <utility>

namespace kindling::demo {

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

namespace {

void check_checkpoints(const TrainingOptions& options) {
  const std::filesystem::path folder = options.checkpoint;
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error) {
    throw FileError(
        message("checkpoint: cannot make folder ", options.checkpoint, ": ", error.message()));
  }
  check_writable((folder / "checkpoint").string());
  const auto saved = latest(folder);
  if (saved && !options.resume) {
    throw ValueError(
        message("checkpoint: ", options.checkpoint, " holds step ", saved->step,
                " of a run before: give --resume to go on from there, or another folder"));
  }
}

}  // namespace

void prepare(const TrainingOptions& options) {
  if (!options.log.empty() && options.log == options.plot)
    throw ValueError(message("options: --log and --plot are both ", options.log));
  if (!options.save.empty() && (options.save == options.log || options.save == options.plot))
    throw ValueError(message("options: --save and another file are both ", options.save));
  for (const std::string& path : {options.log, options.plot, options.save}) {
    if (!path.empty()) check_writable(path);
  }
  if (!options.checkpoint.empty()) check_checkpoints(options);
  zeros({1}, {.device = parse_device(options.device)});  // an Error where it cannot be used
  manual_seed(options.seed);
  if (options.threads > 0) set_num_threads(options.threads);
}

std::int64_t batch_size(const Task& task, const TrainingOptions& options) {
  return std::min(options.batch_size, task.train.x.size(0));
}

std::int64_t steps_per_epoch(const Task& task, const TrainingOptions& options) {
  return task.train.x.size(0) / batch_size(task, options);
}

// Each row of a short last batch would weigh more than the others: it is dropped, and the shuffle
// leaves other rows out in every epoch.
Run::Run(const Task& task, const TrainingOptions& options, const schedulers::Schedule& schedule)
    : task_(task),
      model_(multilayer_perceptron(task.recipe.widths)),
      loader_({task.train.x, task.train.y}, {.batch_size = batch_size(task, options),
                                             .shuffle = true,
                                             .drop_last = true,
                                             .seed = options.seed}),
      optimizer_(make_optimizer(options, model_.to(task.train.x.device()).parameters())),
      scheduler_(*optimizer_, schedule),
      captured_step_(kindling::capture([this] { return eager_step(); })),
      capture_(options.capture) {}

Tensor Run::eager_step() {
  const auto [x, y] = loader_.next();
  optimizer_->zero_grad();
  const Tensor loss = task_.loss(model_(x), y);
  loss.backward();
  optimizer_->step();
  scheduler_.step();
  return loss;
}

double Run::step() {
  const Tensor loss = capture_ ? Tensor(captured_step_()) : eager_step();
  return loss.item() * task_.loss_unit;
}

Run::Test Run::test() const {
  const NoGradGuard no_grad;
  const Tensor outputs = model_(task_.test.x);
  Test result{task_.loss(outputs, task_.test.y).item() * task_.loss_unit, std::nullopt};
  if (task_.accuracy) result.accuracy = task_.accuracy(outputs);
  return result;
}

void Run::save_checkpoint(const TrainingOptions& options, const History& history) const {
  checkpoint(options.checkpoint, static_cast<std::int64_t>(history.steps()), options.keep, history,
             task_.recipe, model_, *optimizer_, scheduler_, loader_, default_generator());
}

void Run::load_checkpoint(const std::filesystem::path& path, History& history) {
  load(path, history, model_, *optimizer_, scheduler_, loader_, default_generator());
}

}  // namespace kindling::demo
