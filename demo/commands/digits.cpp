// SPDX-License-Identifier: MIT
#include "demo/checks.h"
#include "demo/commands/commands.h"
#include "demo/run.h"
#include "demo/source.h"
#include "demo/training.h"

#include <CLI/CLI.hpp>

#include <memory>

namespace kindling::demo {

void add_digits(CLI::App& program) {
  auto options = std::make_shared<TrainingOptions>(
      TrainingOptions{.hidden = {256}, .optimizer = "adam", .lr = 0.01, .epochs = 40});
  auto source = std::make_shared<Source>(Source{.name = "digits"});
  CLI::App* command =
      program.add_subcommand("digits", "Reads 1,797 handwritten digits of 8 x 8 pixels");
  add_training_options(*command, *options);
  one_of(command->add_option("--loss", source->loss,
                             "Cross entropy, or the squared error from one-hot targets"),
         {"cross_entropy", "mse"});
  command->footer("Example:\n  kindling-train digits --loss mse --epochs 20 --log run.csv");
  command->callback([options, source] {
    prepare(*options);
    train(make_task(*source, *options), *options);
  });
}

}  // namespace kindling::demo
