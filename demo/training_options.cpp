// SPDX-License-Identifier: MIT
#include "demo/training_options.h"

#include "demo/checks.h"

#include <CLI/CLI.hpp>

namespace kindling::demo {

void add_optimizer_option(CLI::App& command, TrainingOptions& options) {
  command.option_defaults()->always_capture_default();
  one_of(command.add_option("--optimizer", options.optimizer, "Update rule"),
         {"sgd", "adam", "adamw"});
}

void add_lr_option(CLI::App& command, TrainingOptions& options) {
  command.option_defaults()->always_capture_default();
  command.add_option("--lr", options.lr, "Base learning rate; cyclic and one_cycle ignore it")
      ->check(number_from(0))
      ->each([&options](const std::string&) { options.lr_given = true; })
      ->type_name("X");
}

void add_save_option(CLI::App& command, TrainingOptions& options) {
  command
      .add_option("--save", options.save,
                  "Save the trained model to this file, for 'kindling-train predict'")
      ->type_name("FILE");
}

void add_device_options(CLI::App& command, TrainingOptions& options) {
  command.option_defaults()->always_capture_default();
  command.add_option("--device", options.device, "Where to compute; auto is a GPU if there is one")
      ->check(device_name())
      ->type_name("auto|cpu|cuda|cuda:N");
  command.add_option("--threads", options.threads, "CPU threads; 0 for the library's choice")
      ->check(at_least(0))
      ->type_name("N");
}

void add_machine_options(CLI::App& command, TrainingOptions& options) {
  command.option_defaults()->always_capture_default();
  command.add_option("--seed", options.seed, "Seed of split, initial weights and shuffling")
      ->check(at_least(0))
      ->type_name("N");
  add_device_options(command, options);
}

void add_model_options(CLI::App& command, TrainingOptions& options) {
  command.option_defaults()->always_capture_default();
  command
      .add_option("--hidden", options.hidden,
                  "Widths of the hidden layers, e.g. 64,64; a linear model without")
      ->delimiter(',')
      ->allow_extra_args(false)  // what follows is another argument
      ->check(at_least(1))
      ->type_name("N,N,...");
  add_optimizer_option(command, options);
  command.add_option("--momentum", options.momentum, "Momentum of sgd")
      ->check(number_from(0))
      ->type_name("X");
  command
      .add_option("--weight-decay", options.weight_decay,
                  "Weight decay; the optimizer's own default if not given")
      ->check(number_from(0))
      ->type_name("X");
  command
      .add_option("--batch-size", options.batch_size,
                  "Rows in a batch; what is left over in an epoch is left out of it")
      ->check(at_least(1))
      ->type_name("N");
  command
      .add_option("--test-fraction", options.test_fraction,
                  "Share of the rows that is kept for the test")
      ->check(share())
      ->type_name("X");
  command.add_flag("!--no-capture", options.capture,
                   "Run every step anew instead of replaying a recorded one; the results are the "
                   "same");
  add_machine_options(command, options);
}

void add_training_options(CLI::App& command, TrainingOptions& options) {
  add_lr_option(command, options);
  command
      .add_option("--schedule", options.schedule,
                  "Learning rate over the steps, e.g. \"warmup(100) then cosine(900)\"; "
                  "percentages are of the run. "
                  "'kindling-train schedules' lists and draws what there is")
      ->check(schedule_text())
      ->type_name("SCHEDULE");
  command.add_option("--epochs", options.epochs, "Passes over the training rows")
      ->check(at_least(1))
      ->type_name("N");
  add_model_options(command, options);
  CLI::Option* const folder =
      command
          .add_option("--checkpoint", options.checkpoint,
                      "Save all that the run goes on from to files of this folder, at its end and "
                      "every N epochs")
          ->type_name("FOLDER");
  command.add_option("--every", options.every, "Epochs from one checkpoint to the next")
      ->check(at_least(1))
      ->needs(folder)
      ->type_name("N");
  command.add_option("--keep", options.keep, "Checkpoints that stay, the last ones")
      ->check(at_least(1))
      ->needs(folder)
      ->type_name("N");
  command
      .add_flag("--resume", options.resume,
                "Go on from the last checkpoint; begin where there is none")
      ->needs(folder);
  add_save_option(command, options);
  command
      .add_option("--log", options.log,
                  "Write learning rate and loss of every step to this CSV file")
      ->type_name("FILE");
  command.add_option("--plot", options.plot, "Draw learning rate and loss into this SVG file")
      ->type_name("FILE");
}

}  // namespace kindling::demo
