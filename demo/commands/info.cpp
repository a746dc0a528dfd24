// SPDX-License-Identifier: MIT
#include <kindling/core/settings.h>

#include "demo/commands/commands.h"

#include <CLI/CLI.hpp>

#include <iostream>

namespace kindling::demo {

void add_info(CLI::App& program) {
  CLI::App* command =
      program.add_subcommand("info", "Says which build this is and what it runs on");
  command->footer("Example:\n  kindling-train info");
  command->callback([] { std::cout << build_info(); });
}

}  // namespace kindling::demo
