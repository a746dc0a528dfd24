// SPDX-License-Identifier: MIT
#pragma once

#include <cstdio>
#include <cstdlib>
#include <exception>
#include <string>
#include <vector>

namespace kindling::bench {

/// What every program that prints results is told on its command line.
struct Options {
  int threads = 1;
  double seconds = 1.0;            // to spend on a measurement
  bool check = false;              // print the loss after a few steps instead of times
  std::vector<std::string> works;  // empty: all that the program knows

  bool selects(const std::string& work) const {
    if (works.empty()) return true;
    for (const std::string& name : works) {
      if (name == work) return true;
    }
    return false;
  }
};

[[noreturn]] inline void refuse_command_line(const char* program, const std::string& problem) {
  std::fprintf(stderr, "%s: %s\nusage: %s [--threads N] [--seconds S] [--works A,B] [--check]\n",
               program, problem.c_str(), program);
  std::exit(2);
}

inline std::vector<std::string> split_at_commas(const std::string& text) {
  std::vector<std::string> parts(1);
  for (const char letter : text) {
    if (letter == ',') {
      parts.emplace_back();
    } else {
      parts.back() += letter;
    }
  }
  return parts;
}

inline Options parse_command_line(int argc, char** argv) {
  Options options;
  for (int i = 1; i < argc; ++i) {
    const std::string option = argv[i];
    if (option == "--check") {
      options.check = true;
      continue;
    }
    if (i + 1 == argc) refuse_command_line(argv[0], option + ": unknown, or its value is missing");
    const std::string value = argv[++i];
    try {
      if (option == "--threads") {
        options.threads = std::stoi(value);
      } else if (option == "--seconds") {
        options.seconds = std::stod(value);
      } else if (option == "--works") {
        options.works = split_at_commas(value);
      } else {
        refuse_command_line(argv[0], option + ": unknown option");
      }
    } catch (const std::exception&) {
      refuse_command_line(argv[0], option + " " + value + ": not a number");
    }
  }
  if (options.threads < 1) refuse_command_line(argv[0], "--threads: must be at least 1");
  if (!(options.seconds > 0.0)) refuse_command_line(argv[0], "--seconds: must be positive");
  return options;
}

}  // namespace kindling::bench
