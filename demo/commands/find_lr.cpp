// SPDX-License-Identifier: MIT
#include "demo/checks.h"
#include "demo/commands/commands.h"
#include "demo/lr_range.h"
#include "demo/number.h"
#include "demo/output_file.h"
#include "demo/run.h"
#include "demo/source.h"
#include "demo/table.h"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <iostream>
#include <memory>

namespace kindling::demo {
namespace {

constexpr std::size_t kRangeRows = 12;

struct FindLrOptions {
  TrainingOptions training;
  Source source;
  LrRangeOptions range;
};

void run_find_lr(const FindLrOptions& options) {
  if (options.range.from >= options.range.to) {
    throw ValueError(
        message("find-lr: --from ", options.range.from, " is not below --to ", options.range.to));
  }
  prepare(options.training);
  const Task task = make_task(options.source, options.training);
  std::cout << message(task.name, ": ", task.summary, "\n\n");
  const LrRange range = test_lr_range(task, options.training, options.range);

  const Table table({"Learning Rate", task.loss_name + ", smoothed"});
  std::cout << table.header() << '\n';
  const std::size_t stride = std::max<std::size_t>(1, range.lr.size() / kRangeRows);
  for (std::size_t i = 0; i < range.lr.size(); i += stride) {
    std::cout << table.row({format_short(range.lr[i]), format_number(range.smoothed[i])}) << '\n';
  }
  const std::string steepest = format_short(range.steepest), lowest = format_short(range.lowest);
  std::cout << message("\nThe loss falls fastest at a learning rate of ", steepest,
                       " and is lowest at ", lowest, ".\nTry --lr from ", steepest, " to ", lowest,
                       "; the larger, the longer the warm-up.\n");
  if (options.training.plot.empty()) return;
  write_file(options.training.plot, lr_range_svg(range, task));
}

}  // namespace

void add_find_lr(CLI::App& program) {
  auto options = std::make_shared<FindLrOptions>();
  CLI::App* command = program.add_subcommand(
      "find-lr",
      "Trains for some steps with a learning rate that rises until the loss blows up, and says "
      "which ones lower it");
  add_source_options(*command, options->source);
  command->add_option("--from", options->range.from, "First learning rate")
      ->check(number_from(1e-300))
      ->type_name("X");
  command->add_option("--to", options->range.to, "Last learning rate")
      ->check(number_from(1e-300))
      ->type_name("X");
  command->add_option("--steps", options->range.steps, "Steps from one to the other")
      ->check(at_least(20))
      ->type_name("N");
  add_model_options(*command, options->training);
  command
      ->add_option("--plot", options->training.plot,
                   "Draw the loss over the learning rate into this SVG file")
      ->type_name("FILE");
  command->footer("Example:\n  kindling-train find-lr digits --hidden 256 --optimizer adam");
  command->callback([options] { run_find_lr(*options); });
}

}  // namespace kindling::demo
