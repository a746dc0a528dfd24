// SPDX-License-Identifier: MIT
#include <kindling/kindling.h>

#include "demo/commands/commands.h"
#include "demo/device.h"
#include "demo/number.h"
#include "demo/run.h"
#include "demo/table.h"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <cmath>
#include <iostream>
#include <memory>

namespace kindling::demo {
namespace {

// Its inputs are random, and as they are: what it learned is for columns x0 to x9.
Recipe tutorial_recipe() {
  constexpr std::size_t kInputs = 10;
  Recipe recipe{.target = "y", .widths = {kInputs, 1}};
  for (std::size_t i = 0; i < kInputs; ++i) recipe.columns.push_back({message("x", i)});
  recipe.fill.assign(kInputs, std::nan(""));
  recipe.inputs = {std::vector(kInputs, 0.0), std::vector(kInputs, 1.0)};
  recipe.output = {std::vector{0.0}, std::vector{1.0}};
  return recipe;
}

void run_tutorial(const TrainingOptions& options) {
  prepare(options);
  const Device device = parse_device(options.device);
  nn::Linear model(10, 1);
  model.to(device);
  const auto optimizer = make_optimizer(options, model.parameters());
  schedulers::LambdaLR scheduler(
      *optimizer, [](std::int64_t step) { return std::min(1.0, static_cast<double>(step) / 5.0); });

  const Tensor inputs = randn({10, 10}, {.device = device});
  const Tensor targets = randn({10, 1}, {.device = device});
  const Table table({"Step", "Learning Rate", "Loss"});
  std::cout << table.header() << '\n';
  for (int step = 0; step < 10; ++step) {
    optimizer->zero_grad();
    const Tensor loss = nn::mse_loss(model(inputs), targets);
    loss.backward();
    optimizer->step();
    scheduler.step();
    std::cout << table.row({std::to_string(step), format_fixed(optimizer->lr(), 4),
                            format_fixed(loss.item(), 4)})
              << '\n';
  }
  if (!options.save.empty()) save_model(options.save, tutorial_recipe(), nn::Sequential(model));
}

}  // namespace

void add_tutorial(CLI::App& program) {
  auto options = std::make_shared<TrainingOptions>(TrainingOptions{.lr = 0.1, .momentum = 0.0});
  CLI::App* command = program.add_subcommand("tutorial",
                                             "Ten steps of a linear model whose learning rate "
                                             "warms up over five; prints the rate that is set for "
                                             "the next step");
  command->option_defaults()->always_capture_default();
  add_optimizer_option(*command, *options);
  add_lr_option(*command, *options);
  add_machine_options(*command, *options);
  add_save_option(*command, *options);
  command->footer("Example:\n  kindling-train tutorial --optimizer adam");
  command->callback([options] { run_tutorial(*options); });
}

}  // namespace kindling::demo
