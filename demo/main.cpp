// SPDX-License-Identifier: MIT
#include <kindling/core/error.h>
#include <kindling/core/version.h>

#include "demo/commands/commands.h"

#include <exception>
#include <iostream>
#include <string>

namespace {

// CLI11 would only say that a command is missing.
void check_command(const CLI::App& program, const std::string& name) {
  if (name.starts_with('-')) return;
  std::string known;
  for (const CLI::App* command : program.get_subcommands({})) {
    if (command->get_name() == name) return;
    known += (known.empty() ? "" : ", ") + command->get_name();
  }
  throw CLI::ExtrasError("unknown command '" + name + "': there are " + known,
                         CLI::ExitCodes::ExtrasError);
}

}  // namespace

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
    if (argc > 1) check_command(program, argv[1]);
    program.parse(argc, argv);
    std::cout.flush();
    if (!std::cout) throw kindling::FileError("standard output cannot be written");
  } catch (const CLI::ParseError& usage) {
    return program.exit(usage) == 0 ? 0 : 2;
  } catch (const std::exception& error) {
    std::cerr << "kindling-train: " << error.what() << '\n';
    return 1;
  }
}
