// SPDX-License-Identifier: MIT
#include "demo/commands/commands.h"
#include "demo/run.h"
#include "demo/source.h"
#include "demo/training.h"

#include <CLI/CLI.hpp>

#include <memory>

namespace kindling::demo {
namespace {

// A network without weight decay learns 354 patients by heart.
constexpr double kWeightDecayOfNetworks = 0.1;

void run_diabetes(TrainingOptions options) {
  if (!options.hidden.empty() && !options.weight_decay)
    options.weight_decay = kWeightDecayOfNetworks;
  prepare(options);
  train(make_task({.name = "diabetes"}, options), options);
}

}  // namespace

void add_diabetes(CLI::App& program) {
  auto options = std::make_shared<TrainingOptions>();
  CLI::App* command = program.add_subcommand(
      "diabetes",
      "Predicts the progress of diabetes in 442 patients, beside an ordinary least-squares fit; "
      "with hidden layers the weight decay is 0.1 if not given");
  add_training_options(*command, *options);
  command->footer(
      "Example:\n  kindling-train diabetes --hidden 64,64 --optimizer adam --lr 0.002 --plot "
      "run.svg");
  command->callback([options] { run_diabetes(*options); });
}

}  // namespace kindling::demo
