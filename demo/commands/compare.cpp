// SPDX-License-Identifier: MIT
#include "demo/commands/commands.h"
#include "demo/comparison.h"
#include "demo/output_file.h"

#include <CLI/CLI.hpp>

#include <iostream>
#include <memory>

namespace kindling::demo {

void add_compare(CLI::App& program) {
  struct Options {
    std::vector<std::string> logs;
    std::string plot;
  };
  auto options = std::make_shared<Options>();
  CLI::App* command = program.add_subcommand(
      "compare", "Shows runs beside each other, in one table and one picture, from their logs");
  command->add_option("LOG", options->logs, "Files that --log wrote")->required();
  command->add_option("--plot", options->plot, "Draw their losses into this SVG file")
      ->type_name("FILE");
  command->footer("Example:\n  kindling-train compare a.csv b.csv --plot compare.svg");
  command->callback([options] {
    if (!options->plot.empty()) check_writable(options->plot);
    std::vector<LoggedRun> runs;
    for (const std::string& log : options->logs) runs.push_back(read_log(log));
    std::cout << comparison_table(runs);
    if (!options->plot.empty()) write_file(options->plot, comparison_svg(runs));
  });
}

}  // namespace kindling::demo
