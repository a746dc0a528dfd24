// SPDX-License-Identifier: MIT
#pragma once

#include <CLI/CLI.hpp>

#include <string>
#include <vector>

namespace kindling::demo {

/// Help of 80 columns: what a command does, its options with their defaults and choices, an
/// example.
class HelpFormatter : public CLI::FormatterBase {
 public:
  std::string make_help(const CLI::App* app, std::string name, CLI::AppFormatMode) const override;
};

/// Throws a CLI::ParseError that names the nearest right one for a command or an option that is not
/// there. `arguments` are those after the program's name.
void check_names(const CLI::App& program, const std::vector<std::string>& arguments);

}  // namespace kindling::demo
