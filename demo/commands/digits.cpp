// SPDX-License-Identifier: MIT
#include "demo/builtin_data.h"
#include "demo/classification.h"
#include "demo/commands/commands.h"

#include <memory>

namespace kindling::demo {
namespace {

constexpr double kBrightest = 16.0;  // of a pixel

void run_digits(const std::string& loss, const TrainingOptions& options) {
  Dataset digits = make_dataset(parse_csv(kDigitsCsv, "digits.csv"), "label");
  for (double& pixel : digits.x) pixel /= kBrightest;
  run_classification("Digits", split(digits, options.test_fraction, options.seed), loss, options);
}

}  // namespace

void add_digits(CLI::App& program) {
  auto options = std::make_shared<TrainingOptions>(
      TrainingOptions{.hidden = {256}, .optimizer = "adam", .lr = 0.01, .epochs = 40});
  auto loss = std::make_shared<std::string>("cross_entropy");
  CLI::App* command =
      program.add_subcommand("digits", "Reads 1,797 handwritten digits of 8 x 8 pixels");
  add_training_options(*command, *options);
  command->add_option("--loss", *loss, "cross_entropy, or mse on one-hot targets")
      ->check(CLI::IsMember({"cross_entropy", "mse"}));
  command->footer("Example: kindling-train digits --loss mse --epochs 20 --log run.csv");
  command->callback([options, loss] { run_digits(*loss, *options); });
}

}  // namespace kindling::demo
