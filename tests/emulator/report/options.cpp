// SPDX-License-Identifier: MIT
#include "tests/emulator/report/options.h"

#include <cstdlib>
#include <sstream>
#include <stdexcept>
#include <string_view>
#include <vector>

namespace emulator {
namespace {

std::uint64_t number(std::string_view option, const std::string& text) {
  std::size_t used = 0;
  std::uint64_t value = 0;
  try {
    value = std::stoull(text, &used);
  } catch (const std::exception&) {
    used = 0;
  }
  if (text.empty() || used != text.size()) {
    throw std::invalid_argument("ptxrun: " + std::string(option) + " needs a number, not '" + text +
                                "'");
  }
  return value;
}

Checks checks_named(const std::string& text) {
  if (text == "none") return Checks::none;
  if (text == "memory") return Checks::memory;
  if (text == "all") return Checks::all;
  throw std::invalid_argument("ptxrun: --checks is none, memory or all, not '" + text + "'");
}

void set_option(std::string_view option, const std::string& value, Options& options) {
  if (option == "--checks") {
    options.checks = checks_named(value);
  } else if (option == "--shuffle") {
    options.shuffle = number(option, value);
  } else if (option == "--lazy") {
    options.lazy = number(option, value);
  } else if (option == "--stats") {
    options.stats = value;
  } else if (option == "--max-reports") {
    options.max_reports = static_cast<int>(number(option, value));
  } else if (option == "--memory") {
    options.memory = number(option, value);
  } else if (option == "--fail") {
    const std::size_t colon = value.find(':');
    if (colon == std::string::npos) {
      throw std::invalid_argument("ptxrun: --fail is CALL:N, not '" + value + "'");
    }
    options.failures[value.substr(0, colon)] = number(option, value.substr(colon + 1));
  } else if (option == "--refuse") {
    options.refused.insert(value);
  } else {
    throw std::invalid_argument("ptxrun: unknown option '" + std::string(option) + "'");
  }
}

Options from_environment() {
  Options result;
  const char* text = std::getenv("PTXRUN_OPTIONS");
  if (text == nullptr) return result;
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  std::vector<const char*> arguments;
  for (const std::string& line : lines) arguments.push_back(line.c_str());
  parse_options(static_cast<int>(arguments.size()), arguments.data(), result);
  return result;
}

}  // namespace

int parse_options(int count, const char* const* arguments, Options& options) {
  int used = 0;
  while (used < count && std::string_view(arguments[used]).substr(0, 2) == "--") {
    const std::string_view option = arguments[used++];
    if (option == "--") break;
    if (option == "--list") {
      options.list = true;
      continue;
    }
    if (used == count) {
      throw std::invalid_argument("ptxrun: " + std::string(option) + " needs a value");
    }
    set_option(option, arguments[used++], options);
  }
  return used;
}

const Options& options() {
  static const Options* const result = new Options(from_environment());
  return *result;
}

}  // namespace emulator
