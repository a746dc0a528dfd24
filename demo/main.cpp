// SPDX-License-Identifier: MIT
#include <kindling/core/version.h>

#include "demo/commands/commands.h"

#include <exception>
#include <iostream>

int main(int argc, char** argv) {
  CLI::App program{"Trains small networks with Kindling and shows what the learning rate does.",
                   "kindling-train"};
  program.set_version_flag("--version", kindling::version());
  program.require_subcommand(1);
  program.footer("Begin with: kindling-train tutorial");
  kindling::demo::add_tutorial(program);
  kindling::demo::add_diabetes(program);
  kindling::demo::add_digits(program);
  kindling::demo::add_csv(program);
  kindling::demo::add_schedules(program);
  kindling::demo::add_info(program);
  try {
    program.parse(argc, argv);
  } catch (const CLI::ParseError& usage) {
    return program.exit(usage) == 0 ? 0 : 2;
  } catch (const std::exception& error) {
    std::cerr << "kindling-train: " << error.what() << '\n';
    return 1;
  }
}
