// SPDX-License-Identifier: MIT
#pragma once

// Runs kindling-train as a user does.
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <regex>
#include <string>

namespace kindling::demo {

struct Outcome {
  int status;
  std::string out, err;
};

/// Each test has a folder of its own, which is also where the program runs.
class Program : public testing::Test {
 protected:
  void SetUp() override { std::filesystem::create_directories(folder_); }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  Outcome run(const std::string& arguments) const {
    return shell("'" KINDLING_TRAIN "' " + arguments + " </dev/null");
  }

  /// Runs a shell script, in which $TRAIN is the program.
  Outcome shell(const std::string& script) const {
    const std::string command =
        "cd '" + folder_.string() + "' && TRAIN='" KINDLING_TRAIN "' && { " + script + "\n} 2>err";
    std::FILE* pipe = popen(command.c_str(), "r");
    std::string out;
    std::array<char, 4096> buffer;
    for (std::size_t n; (n = std::fread(buffer.data(), 1, buffer.size(), pipe)) > 0;)
      out.append(buffer.data(), n);
    const int status = pclose(pipe);
    return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, out, read("err")};
  }

  void write(const std::string& name, const std::string& text) const {
    std::ofstream(folder_ / name, std::ios::binary) << text;
  }
  std::string read(const std::filesystem::path& name) const {
    std::ifstream file(folder_ / name, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  }
  bool exists(const std::string& name) const { return std::filesystem::exists(folder_ / name); }

  /// The number that the first group of `pattern` matches in the output.
  static double number_in(const std::string& output, const std::string& pattern) {
    std::smatch match;
    if (!std::regex_search(output, match, std::regex(pattern))) {
      ADD_FAILURE() << "nothing matches " << pattern << " in\n" << output;
      return 0;
    }
    return std::stod(match[1]);
  }

  std::filesystem::path folder_ = std::filesystem::path(testing::TempDir()) /
                                  ("kindling_" + std::to_string(getpid()) + "_" +
                                   testing::UnitTest::GetInstance()->current_test_info()->name());
};

}  // namespace kindling::demo
