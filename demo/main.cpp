// SPDX-License-Identifier: MIT
#include <kindling/core/error.h>
#include <kindling/core/settings.h>

#include "demo/commands/commands.h"
#include "demo/interrupt.h"
#include "demo/usage.h"

#include <CLI/CLI.hpp>

#include <exception>
#include <iostream>
#include <memory>

int main(int argc, char** argv) {
  CLI::App program{"Trains small networks with Kindling and shows what the learning rate does.",
                   "kindling-train"};
  program.set_version_flag("--version", [] { return kindling::build_info(); });
  program.require_subcommand(1);
  program.footer("Begin with: kindling-train tutorial");
  program.formatter(std::make_shared<kindling::demo::HelpFormatter>());
  kindling::demo::add_tutorial(program);
  kindling::demo::add_diabetes(program);
  kindling::demo::add_digits(program);
  kindling::demo::add_csv(program);
  kindling::demo::add_predict(program);
  kindling::demo::add_find_lr(program);
  kindling::demo::add_sweep(program);
  kindling::demo::add_compare(program);
  kindling::demo::add_schedules(program);
  kindling::demo::add_info(program);
  try {
    kindling::demo::check_names(program, {argv + 1, argv + argc});
    program.parse(argc, argv);
    std::cout.flush();
    if (!std::cout) throw kindling::FileError("standard output cannot be written");
  } catch (const CLI::ParseError& usage) {
    return program.exit(usage) == 0 ? 0 : 2;
  } catch (const kindling::demo::Stopped& stopped) {
    std::cerr << "kindling-train: " << stopped.what() << '\n';
    return stopped.status();
  } catch (const std::exception& error) {
    std::cerr << "kindling-train: " << error.what() << '\n';
    return 1;
  }
}
