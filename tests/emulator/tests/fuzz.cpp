// SPDX-License-Identifier: MIT
// Loads and runs PTX that was damaged at random: whatever is wrong with it must be an error, never
// a crash. Usage: fuzz FILE.ptx MUTANTS [SEED]. Every mutant runs in a process of its own; one that
// runs into its time limit is no failure, since a mutant may well loop.
#include "tests/emulator/execution/launch.h"
#include "tests/emulator/memory/memory.h"
#include "tests/emulator/program/program.h"

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iostream>
#include <random>
#include <sstream>
#include <string>
#include <vector>

namespace emulator {
namespace {

using Random = std::mt19937_64;

std::size_t below(Random& random, std::size_t limit) { return random() % limit; }

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

std::string joined(const std::vector<std::string>& lines) {
  std::string text;
  for (const std::string& line : lines) text += line + "\n";
  return text;
}

// The word of a line that starts at or after a random place: [begin, end).
std::pair<std::size_t, std::size_t> word(Random& random, const std::string& line) {
  const auto is_part = [](char c) { return std::strchr(" \t,;[]{}()", c) == nullptr; };
  std::size_t begin = line.empty() ? 0 : below(random, line.size());
  while (begin > 0 && is_part(line[begin - 1])) --begin;
  std::size_t end = begin;
  while (end < line.size() && is_part(line[end])) ++end;
  return {begin, end};
}

void mutate(Random& random, std::vector<std::string>& lines) {
  static constexpr const char* kWords[] = {
      "-1",         "0",        "4294967296", "0xffffffffffffffff",
      "%r1",        "%rd99999", ".u8",        ".f64",
      "bra",        "call",     "",           "}",
      "{",          ".v4",      "@%p1",       "1e400",
      "0f7fc00000", "%tid.x",   "_"};
  std::string& line = lines[below(random, lines.size())];
  const std::string& other = lines[below(random, lines.size())];
  const auto [begin, end] = word(random, line);
  switch (below(random, 7)) {
    case 0:
      line.clear();
      break;
    case 1:
      line = other;
      break;
    case 2:
      std::swap(line, lines[below(random, lines.size())]);
      break;
    case 3:
      if (!line.empty()) line[below(random, line.size())] = static_cast<char>(below(random, 128));
      break;
    case 4:
      line.replace(begin, end - begin, kWords[below(random, std::size(kWords))]);
      break;
    case 5: {
      const auto [from, to] = word(random, other);
      line.replace(begin, end - begin, other.substr(from, to - from));
      break;
    }
    default:
      line.resize(line.empty() ? 0 : below(random, line.size()));
      break;
  }
}

// Parameters are pointers to a small allocation, as far as they go.
void run_kernels(const Program& program) {
  Memory& memory = Memory::instance();
  const std::uint64_t data = memory.allocate(4096, MemoryKind::device, "fuzz");
  memory.mark(data, 4096, true);
  for (const Function& function : program.functions) {
    if (!function.is_kernel || !function.unsupported.empty()) continue;
    LaunchRequest request;
    request.program = &program;
    request.kernel = &function;
    request.block = {64, 1, 1};
    request.dynamic_shared = 64;
    request.parameters.resize(function.parameter_bytes);
    for (std::size_t at = 0; at + 8 <= request.parameters.size(); at += 8) {
      std::memcpy(request.parameters.data() + at, &data, 8);
    }
    run(request);
  }
}

// In the child.
[[noreturn]] void load_and_run(const std::string& text) {
  if (!std::freopen("/dev/null", "w", stderr) || !std::freopen("/dev/null", "w", stdout)) _exit(9);
  const rlimit processor_time{1, 2};  // seconds
  setrlimit(RLIMIT_CPU, &processor_time);
  try {
    run_kernels(*load_program(text));
  } catch (const ProgramError&) {
    _exit(1);
  } catch (const std::exception&) {
    _exit(2);
  }
  _exit(0);
}

int fuzz(const std::string& file, int mutants, std::uint64_t seed) {
  std::ifstream stream(file);
  const std::string text((std::istreambuf_iterator<char>(stream)), {});
  if (text.empty()) {
    std::cerr << "fuzz: cannot read " << file << '\n';
    return 2;
  }
  int failures = 0, refused = 0, slow = 0;
  const std::vector<std::string> lines = lines_of(text);
  for (int i = 0; i < mutants; ++i) {
    Random random(seed + static_cast<std::uint64_t>(i));
    std::vector<std::string> mutant = lines;
    for (std::size_t n = 1 + below(random, 4); n > 0; --n) mutate(random, mutant);
    const std::string mutant_text = joined(mutant);
    const pid_t child = fork();
    if (child == 0) load_and_run(mutant_text);
    int status = 0;
    waitpid(child, &status, 0);
    if (WIFSIGNALED(status) && (WTERMSIG(status) == SIGXCPU || WTERMSIG(status) == SIGKILL)) {
      ++slow;
    } else if (!WIFEXITED(status) || WEXITSTATUS(status) > 1) {
      const std::uint64_t mutant_seed = seed + static_cast<std::uint64_t>(i);
      std::cerr << "fuzz: the mutant of seed " << mutant_seed
                << (WIFEXITED(status) ? " ends with a foreign exception" : " crashes") << '\n';
      std::ofstream("fuzz-" + std::to_string(mutant_seed) + ".ptx") << mutant_text;
      ++failures;
    } else {
      refused += WEXITSTATUS(status);
    }
  }
  std::cout << mutants << " mutants: " << refused << " refused, " << slow << " stopped, "
            << failures << " failures\n";
  return failures == 0 ? 0 : 1;
}

}  // namespace
}  // namespace emulator

int main(int count, char** arguments) {
  if (count < 3) {
    std::cerr << "usage: fuzz FILE.ptx MUTANTS [SEED]\n";
    return 2;
  }
  return emulator::fuzz(arguments[1], std::atoi(arguments[2]),
                        count > 3 ? std::strtoull(arguments[3], nullptr, 10) : 1);
}
