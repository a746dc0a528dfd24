// SPDX-License-Identifier: MIT
#include "demo/usage.h"

#include <kindling/core/nearest.h>

#include <algorithm>
#include <sstream>

namespace kindling::demo {
namespace {

constexpr std::size_t kHelpWidth = 80, kHelpIndent = 26;

// The words of `text` on lines of kHelpWidth, of which all but the first begin with `indent`
// blanks; `used` columns of the first are taken.
std::string wrapped(const std::string& text, std::size_t used, std::size_t indent) {
  std::string lines;
  std::istringstream words(text);
  for (std::string word; words >> word;) {
    const bool first = used == indent;
    if (!first && used + 1 + word.size() > kHelpWidth) {
      lines += '\n' + std::string(indent, ' ');
      used = indent;
    } else if (!first) {
      lines += ' ';
      ++used;
    }
    lines += word;
    used += word.size();
  }
  return lines + '\n';
}

// A name and, to the right of it, what it means.
std::string entry(const std::string& name, const std::string& text) {
  std::string line = "  " + name;
  if (line.size() + 2 > kHelpIndent) line += '\n' + std::string(kHelpIndent, ' ');
  if (line.size() < kHelpIndent) line.resize(kHelpIndent, ' ');
  return line + wrapped(text, kHelpIndent, kHelpIndent);
}

std::string described(const CLI::Option& option) {
  std::string text = option.get_description();
  if (option.get_required()) text += " (required)";
  std::string value = option.get_default_str();
  if (value.starts_with('[')) value = value.substr(1, value.size() - 2);  // of a list
  if (!value.empty()) text += " (default: " + value + ")";
  return text;
}

std::string named(const CLI::Option& option) {
  if (option.get_positional()) return option.get_name(true);
  std::string name = option.get_name(false, true);
  name = name.substr(0, name.find('{'));  // of a flag that sets false
  const bool flag = option.get_items_expected_max() == 0;
  return flag ? name : name + ' ' + option.get_type_name();
}

std::string section(const std::string& title, const std::string& entries) {
  return entries.empty() ? "" : '\n' + title + '\n' + entries;
}

}  // namespace

std::string HelpFormatter::make_help(const CLI::App* app, std::string name,
                                     CLI::AppFormatMode) const {
  std::string arguments, options, commands, usage = name.empty() ? app->get_name() : name;
  for (const CLI::Option* option : app->get_options()) {
    if (!option->get_positional()) options += entry(named(*option), described(*option));
  }
  for (const CLI::Option* option : app->get_options()) {
    if (!option->get_positional()) continue;
    arguments += entry(named(*option), described(*option));
    usage += ' ' + named(*option);
  }
  const auto subcommands = app->get_subcommands([](const CLI::App*) { return true; });
  for (const CLI::App* command : subcommands)
    commands += entry(command->get_name(), command->get_description());
  usage += subcommands.empty() ? " [OPTIONS]" : " COMMAND [OPTIONS]";
  return wrapped(app->get_description(), 0, 0) + "\nUsage: " + usage + '\n' +
         section("Arguments:", arguments) + section("Commands:", commands) +
         section("Options:", options) + '\n' + app->get_footer() + '\n';
}

void check_names(const CLI::App& program, const std::vector<std::string>& arguments) {
  const CLI::App* command = &program;
  const auto refuse = [](const std::string& what) {
    throw CLI::ExtrasError(what, CLI::ExitCodes::ExtrasError);
  };
  std::size_t first = 0;
  if (!arguments.empty() && !arguments[0].starts_with('-')) {
    std::vector<std::string> known;
    for (const CLI::App* other : program.get_subcommands([](const CLI::App*) { return true; })) {
      known.push_back(other->get_name());
      if (other->get_name() == arguments[0]) command = other;
    }
    if (command == &program) {
      const std::string near = detail::suggestion(arguments[0], known);
      refuse("unknown command '" + arguments[0] + "'" +
             (near.empty() ? ": there are " + detail::listed(known) : near));
    }
    first = 1;
  }
  std::vector<std::string> known;
  for (const CLI::Option* option : command->get_options()) {
    for (const std::string& name : option->get_lnames()) known.push_back("--" + name);
  }
  for (std::size_t i = first; i < arguments.size() && arguments[i] != "--"; ++i) {
    const std::string name = arguments[i].substr(0, arguments[i].find('='));
    if (!name.starts_with("--")) continue;
    if (std::find(known.begin(), known.end(), name) != known.end()) continue;
    refuse("unknown option '" + name + "'" + detail::suggestion(name, known));
  }
}

}  // namespace kindling::demo
