// SPDX-License-Identifier: MIT
#include "demo/sweep.h"

#include "demo/checks.h"
#include "demo/commands/commands.h"
#include "demo/interrupt.h"
#include "demo/number.h"
#include "demo/output_file.h"
#include "demo/run.h"
#include "demo/schedule_length.h"
#include "demo/source.h"
#include "demo/table.h"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <cmath>
#include <iostream>
#include <memory>

namespace kindling::demo {
namespace {

struct SweepOptions {
  TrainingOptions training;
  Source source;
  Grid grid{{0.001, 0.003, 0.01, 0.03, 0.1, 0.3}, {"0", "5%", "20%"}, {"cosine"}};
};

std::string loss_text(double loss) {
  return std::isfinite(loss) ? format_number(loss) : "diverged";
}

void print_trials(const std::vector<Trial>& trials, const Task& task) {
  std::size_t widest = std::string("Schedule").size();
  for (const Trial& trial : trials) widest = std::max(widest, trial.schedule.size());
  std::vector<std::string> titles{std::string(widest - 8, ' ') + "Schedule", "Warm-up",
                                  "Learning Rate", "Train " + task.loss_name,
                                  "Test " + task.loss_name};
  if (task.accuracy) titles.emplace_back("Test Accuracy");
  const Table table(titles);
  std::cout << table.header() << '\n';
  const Trial* best = nullptr;
  for (const Trial& trial : trials) {
    if (!trial.finished) continue;
    std::vector<std::string> cells{trial.schedule, trial.warmup, format_short(trial.lr),
                                   loss_text(trial.train_loss), loss_text(trial.test_loss)};
    if (trial.accuracy) cells.push_back(format_fixed(100.0 * *trial.accuracy, 1) + " %");
    std::cout << table.row(cells) << '\n';
    if (std::isfinite(trial.train_loss) && (!best || trial.train_loss < best->train_loss))
      best = &trial;
  }
  if (!best) return;
  std::cout << message("\nLowest train ", task.loss_name, ": lr ", format_short(best->lr),
                       ", warm-up ", best->warmup, ", ", best->schedule, '\n');
}

void run_sweep_command(const SweepOptions& options) {
  const TrainingOptions& training = options.training;
  prepare(training);
  const Task task = make_task(options.source, training);
  const std::string subtitle = message(training.optimizer, ", ", training.epochs, " epochs of ",
                                       steps_per_epoch(task, training), " steps");
  const std::int64_t total = training.epochs * steps_per_epoch(task, training);
  for (const std::string& schedule : options.grid.schedules) {
    if (ignores_base(trial_schedule("0", schedule, total), total))
      print_warning(message("--lrs has no effect on '", schedule,
                            "', which is given in absolute learning rates"));
  }
  std::cout << message(task.name, ": ", task.summary, '\n', subtitle, "\n\n");
  const std::vector<Trial> trials = run_sweep(task, training, options.grid);
  print_trials(trials, task);
  const auto finished = std::count_if(trials.begin(), trials.end(),
                                      [](const Trial& trial) { return trial.finished; });
  if (static_cast<std::size_t>(finished) < trials.size()) {
    throw Stopped(kSignalStatus + InterruptGuard::signal(),
                  message("interrupted after ", finished, " of ", trials.size(), " trainings"));
  }
  if (!training.plot.empty())
    write_file(training.plot, sweep_svg(trials, options.grid, task, subtitle));
}

}  // namespace

void add_sweep(CLI::App& program) {
  auto options = std::make_shared<SweepOptions>();
  CLI::App* command = program.add_subcommand(
      "sweep",
      "Trains with every combination of learning rate, warm-up and schedule, many at once, and "
      "shows them in one table and one picture");
  add_source_options(*command, options->source);
  const auto list = [&]<class T>(const char* name, std::vector<T>& values, const char* description,
                                 const char* type) {
    return command->add_option(name, values, description)->allow_extra_args(false)->type_name(type);
  };
  list("--lrs", options->grid.lrs, "Base learning rates", "X,X,...")
      ->delimiter(',')
      ->check(number_from(0));
  list("--warmups", options->grid.warmups, "Steps of the warm-up, or percentages of the run",
       "N,5%,...")
      ->delimiter(',');
  list("--schedules", options->grid.schedules,
       "What follows the warm-up: cosine, linear, constant or a schedule, whose percentages are of "
       "what is left; separated by semicolons",
       "S;S;...")
      ->delimiter(';');
  command->add_option("--jobs", options->grid.jobs, "Trainings at once; 0 for one a processor")
      ->check(at_least(0))
      ->type_name("N");
  add_model_options(*command, options->training);
  command->add_option("--epochs", options->training.epochs, "Passes over the training rows")
      ->check(at_least(1))
      ->type_name("N");
  command
      ->add_option("--plot", options->training.plot,
                   "Draw the final losses and the curves into this SVG file")
      ->type_name("FILE");
  command->footer(
      "Example:\n  kindling-train sweep diabetes --lrs 0.01,0.1 --warmups 0,10% --epochs 20 --plot "
      "sweep.svg");
  command->callback([options] { run_sweep_command(*options); });
}

}  // namespace kindling::demo
