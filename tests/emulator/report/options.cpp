// SPDX-License-Identifier: MIT
#include "tests/emulator/report/options.h"

#include <charconv>
#include <cstdlib>
#include <sstream>
#include <stdexcept>

namespace emulator {
namespace {

std::uint64_t number(const std::string& option, const std::string& text, std::uint64_t least = 0) {
  std::uint64_t value = 0;
  const char* const end = text.data() + text.size();
  const auto [read, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc() || read != end || value < least) {
    throw std::invalid_argument("ptxrun: " + option + " needs a whole number from " +
                                std::to_string(least) + " on, not '" + text + "'");
  }
  return value;
}

Checks checks_named(const std::string& text) {
  if (text == "none") return Checks::none;
  if (text == "memory") return Checks::memory;
  if (text == "all") return Checks::all;
  throw std::invalid_argument("ptxrun: --checks is none, memory or all, not '" + text + "'");
}

void set_option(const std::string& option, const std::string& value, Options& options) {
  if (option == "--checks") {
    options.checks = checks_named(value);
  } else if (option == "--shuffle") {
    options.shuffle = number(option, value);
  } else if (option == "--lazy") {
    options.lazy = number(option, value);
  } else if (option == "--stats") {
    options.stats = value;
  } else if (option == "--max-reports") {
    options.max_reports = number(option, value);
  } else if (option == "--patience") {
    options.patience = number(option, value, 1);
  } else if (option == "--memory") {
    options.memory = number(option, value, 1);
  } else if (option == "--fail") {
    const std::size_t colon = value.find(':');
    if (colon == std::string::npos || colon == 0) {
      throw std::invalid_argument("ptxrun: --fail is CALL:N, not '" + value + "'");
    }
    const std::uint64_t which = number(option, value.substr(colon + 1), 1);
    if (!options.failures.try_emplace(value.substr(0, colon), which).second) {
      throw std::invalid_argument("ptxrun: --fail is given twice for one call: '" + value + "'");
    }
  } else if (option == "--refuse") {
    options.refused.insert(value);
  } else {
    throw std::invalid_argument("ptxrun: unknown option '" + option + "'");
  }
}

Options from_environment() {
  Options result;
  const char* const text = std::getenv("PTXRUN_OPTIONS");
  std::istringstream stream(text ? text : "");
  std::vector<std::string> arguments;
  for (std::string line; std::getline(stream, line);) arguments.push_back(line);
  parse_options(arguments, result);
  return result;
}

}  // namespace

std::size_t parse_options(const std::vector<std::string>& arguments, Options& options) {
  std::size_t used = 0;
  while (used < arguments.size() && arguments[used].rfind("--", 0) == 0) {
    const std::string& option = arguments[used++];
    if (option == "--") break;
    if (option == "--list") {
      options.list = true;
    } else if (option == "--strict-barriers") {
      options.strict_barriers = true;
    } else if (used == arguments.size()) {
      throw std::invalid_argument("ptxrun: " + option + " needs a value");
    } else {
      set_option(option, arguments[used++], options);
    }
  }
  return used;
}

const Options& options() {
  static const Options* const result = new Options(from_environment());
  return *result;
}

}  // namespace emulator
