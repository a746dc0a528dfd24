// SPDX-License-Identifier: MIT
#include "demo/training_options.h"

#include "demo/whole_number.h"

namespace kindling::demo {

void add_training_options(CLI::App& command, TrainingOptions& options) {
  command.option_defaults()->always_capture_default();
  command.add_option("--hidden", options.hidden, "Widths of the hidden layers, e.g. 64,64")
      ->delimiter(',')
      ->allow_extra_args(false)  // what follows is another argument
      ->check(at_least(1));
  command.add_option("--optimizer", options.optimizer, "Update rule")
      ->check(CLI::IsMember({"sgd", "adam", "adamw"}));
  command.add_option("--lr", options.lr, "Base learning rate");
  command.add_option("--momentum", options.momentum, "Momentum of sgd");
  command.add_option("--weight-decay", options.weight_decay,
                     "Weight decay; the optimizer's own default if not given");
  command.add_option("--schedule", options.schedule,
                     "Learning rate over the steps, e.g. \"warmup(100) then cosine(900)\"; "
                     "percentages are of the run. "
                     "'kindling-train schedules' lists and draws what there is");
  command
      .add_option("--batch-size", options.batch_size,
                  "Rows in a batch; what is left over in an epoch is left out of it")
      ->check(at_least(1));
  command.add_option("--epochs", options.epochs, "Passes over the training rows")
      ->check(at_least(1));
  command.add_option("--test-fraction", options.test_fraction,
                     "Share of the rows that is kept for the test");
  command.add_option("--seed", options.seed, "Seed of split, initial weights and shuffling")
      ->check(at_least(0));
  command.add_option("--device", options.device, "auto, cpu, cuda or cuda:N");
  command.add_flag("!--no-capture", options.capture,
                   "Run every step anew instead of replaying a recorded one; the results are the "
                   "same");
  command.add_option("--threads", options.threads, "CPU threads; 0 for the library's choice")
      ->check(at_least(0));
  command.add_option("--log", options.log,
                     "Write learning rate and loss of every step to this CSV file");
  command.add_option("--plot", options.plot, "Draw learning rate and loss into this SVG file");
}

}  // namespace kindling::demo
