// SPDX-License-Identifier: MIT
#pragma once

#include "demo/cli_app.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace kindling::demo {

/// What the user may choose about a run of training. The initial values are the defaults that
/// --help shows.
struct TrainingOptions {
  std::vector<std::int64_t> hidden = {};  ///< widths of the hidden layers; none for a linear model
  std::string optimizer = "sgd";          ///< sgd, adam or adamw
  double lr = 0.05;
  bool lr_given = false;                    ///< by the user
  double momentum = 0.9;                    ///< sgd's
  std::optional<double> weight_decay = {};  ///< the optimizer's own default when not given
  std::string schedule = "warmup(5%) then cosine(95%)";
  std::int64_t batch_size = 32;
  std::int64_t epochs = 100;
  double test_fraction = 0.2;
  std::uint64_t seed = 0;
  std::string device = "auto";
  bool capture = true;          ///< replay one recorded step; else run every step anew
  int threads = 0;              ///< 0: the library's choice
  std::string checkpoint = {};  ///< folder of checkpoints; empty for none
  std::int64_t every = 1;       ///< epochs from one checkpoint to the next
  std::int64_t keep = 3;        ///< checkpoints that stay
  bool resume = false;          ///< go on from the last checkpoint
  std::string save = {};        ///< file for the trained model; empty for none
  std::string log = {};         ///< CSV file to write; empty for none
  std::string plot = {};        ///< SVG file to write; empty for none
};

// Each adds options to a command; `options` must outlive the parsing.

void add_optimizer_option(CLI::App& command, TrainingOptions& options);
void add_lr_option(CLI::App& command, TrainingOptions& options);
void add_save_option(CLI::App& command, TrainingOptions& options);
void add_device_options(CLI::App& command, TrainingOptions& options);
/// Seed, device and threads.
void add_machine_options(CLI::App& command, TrainingOptions& options);
/// All of a training's but learning rate, schedule, length and files.
void add_model_options(CLI::App& command, TrainingOptions& options);
/// All of a training's.
void add_training_options(CLI::App& command, TrainingOptions& options);

}  // namespace kindling::demo
