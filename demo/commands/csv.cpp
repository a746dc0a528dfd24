// SPDX-License-Identifier: MIT
#include "demo/classification.h"
#include "demo/commands/commands.h"
#include "demo/regression.h"

#include <memory>
#include <string>

namespace kindling::demo {
namespace {

struct CsvOptions {
  TrainingOptions training;
  std::string file;
  std::string target;
  bool classify = false;
};

void run_csv(const CsvOptions& options) {
  const TrainingOptions& training = options.training;
  const Dataset data = make_dataset(read_csv(options.file), options.target);
  if (!options.classify) return run_regression(options.file, data, training);

  Split parts = split(data, training.test_fraction, training.seed);
  const Standardizer features(parts.train.x, data.width());
  parts.train.x = features.apply(parts.train.x);
  parts.test.x = features.apply(parts.test.x);
  run_classification(options.file, parts, "cross_entropy", training);
}

}  // namespace

void add_csv(CLI::App& program) {
  auto options = std::make_shared<CsvOptions>();
  CLI::App* command =
      program.add_subcommand("csv", "Learns a column of a numeric CSV file from its other columns");
  command->add_option("FILE", options->file, "CSV file: a line of column names, then numbers")
      ->required();
  command->add_option("--target", options->target, "Name of the column to predict")->required();
  command->add_flag("--classify", options->classify,
                    "The target is a class 0, 1, 2, ..., not a quantity");
  add_training_options(*command, options->training);
  command->footer(
      "Example, from the source folder: kindling-train csv demo/data/diabetes.csv --target bmi "
      "--hidden 32");
  command->callback([options] { run_csv(*options); });
}

}  // namespace kindling::demo
