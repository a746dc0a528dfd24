// SPDX-License-Identifier: MIT
#include "demo/commands/commands.h"
#include "demo/run.h"
#include "demo/source.h"
#include "demo/training.h"

#include <CLI/CLI.hpp>

#include <memory>

namespace kindling::demo {

void add_csv(CLI::App& program) {
  struct Options {
    TrainingOptions training;
    Source source;
  };
  auto options = std::make_shared<Options>();
  CLI::App* command =
      program.add_subcommand("csv", "Learns a column of a CSV file from its other columns");
  command
      ->add_option("FILE", options->source.name,
                   "CSV file: a line of column names, then rows; - for standard input")
      ->required();
  add_csv_options(*command, options->source);
  command->get_option("--target")->required();
  add_training_options(*command, options->training);
  command->footer(
      "Example, from the source folder:\n  kindling-train csv demo/data/diabetes.csv --target bmi "
      "--hidden 32");
  command->callback([options] {
    prepare(options->training);
    train(make_task(options->source, options->training), options->training);
  });
}

}  // namespace kindling::demo
