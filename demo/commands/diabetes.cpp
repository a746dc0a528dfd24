// SPDX-License-Identifier: MIT
#include "demo/builtin_data.h"
#include "demo/commands/commands.h"
#include "demo/regression.h"

#include <memory>

namespace kindling::demo {

void add_diabetes(CLI::App& program) {
  auto options = std::make_shared<TrainingOptions>();
  CLI::App* command = program.add_subcommand(
      "diabetes",
      "Predicts the progress of diabetes in 442 patients, beside an ordinary least-squares fit");
  add_training_options(*command, *options);
  command->footer(
      "Example: kindling-train diabetes --hidden 64,64 --optimizer adamw --lr 0.002 --plot "
      "run.svg");
  command->callback([options] {
    run_regression("Diabetes", make_dataset(parse_csv(kDiabetesCsv, "diabetes.csv"), "target"),
                   *options);
  });
}

}  // namespace kindling::demo
