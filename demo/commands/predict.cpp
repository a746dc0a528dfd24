// SPDX-License-Identifier: MIT
#include "demo/checks.h"
#include "demo/commands/commands.h"
#include "demo/device.h"
#include "demo/number.h"
#include "demo/output_file.h"
#include "demo/prediction.h"
#include "demo/run.h"
#include "demo/source.h"

#include <CLI/CLI.hpp>

#include <iostream>
#include <memory>

namespace kindling::demo {
namespace {

struct PredictOptions {
  std::string model, data, out = "-", unknown = "error";
  CsvFormat format;
  CellFormat cells;
  TrainingOptions machine;
};

// What the command line says of the file stands above what the recipe does.
void apply_format(const CLI::App& command, const PredictOptions& options, Recipe& recipe) {
  if (command.count("--separator") > 0) recipe.format.separator = options.format.separator;
  if (command.count("--names") > 0) recipe.format.names = options.format.names;
  if (command.count("--decimal") > 0) recipe.cells.decimal = options.cells.decimal;
  if (command.count("--na") > 0) recipe.cells.na = options.cells.na;
}

void run_predict(const CLI::App& command, const PredictOptions& options) {
  const bool to_stdout = options.out == "-";
  if (!to_stdout) check_writable(options.out);
  prepare(options.machine);
  TrainedModel trained = load_model(options.model);
  Recipe& recipe = trained.recipe;
  apply_format(command, options, recipe);
  const Device device = parse_device(options.machine.device);
  trained.model.to(device);
  const CsvTable table = read_table(options.data, recipe.format);
  const Unknown unknown = options.unknown == "none" ? Unknown::none : Unknown::error;
  const Predictions predictions = predict(trained, features_of(table, recipe, unknown), device);
  const std::string csv = predictions_csv(recipe, predictions);
  const std::string scored = score(table, recipe, predictions);
  if (to_stdout)
    std::cout << csv;
  else
    write_file(options.out, csv);
  std::ostream& report = to_stdout ? std::cerr : std::cout;
  report << message(counted(table.rows()), table.rows() == 1 ? " prediction" : " predictions",
                    " of ", recipe.target, scored.empty() ? "" : ": " + scored, '\n');
}

}  // namespace

void add_predict(CLI::App& program) {
  auto options = std::make_shared<PredictOptions>();
  CLI::App* command = program.add_subcommand(
      "predict", "Predicts the target of each row of a CSV file by a model that --save wrote");
  command->option_defaults()->always_capture_default();
  command->add_option("MODEL", options->model, "File that --save wrote, or a checkpoint")
      ->required();
  command
      ->add_option("DATA", options->data,
                   "CSV file with the columns of the training in any order, and others if need be "
                   "(- for standard input); diabetes; or digits")
      ->required();
  command
      ->add_option("--out", options->out,
                   "CSV file for the predictions, a line for each row; - for standard output")
      ->type_name("FILE");
  one_of(command->add_option("--unknown", options->unknown,
                             "A word that the data of the training did not have: an error, or none "
                             "of the categories"),
         {"error", "none"});
  add_format_options(*command, options->format, options->cells);
  for (const char* name : {"--separator", "--decimal"})
    command->get_option(name)->default_str("that of the training");
  add_device_options(*command, options->machine);
  command->footer(
      "Example:\n  kindling-train diabetes --save model.safetensors\n"
      "  kindling-train predict model.safetensors demo/data/diabetes.csv --out predictions.csv");
  command->callback([command, options] { run_predict(*command, *options); });
}

}  // namespace kindling::demo
