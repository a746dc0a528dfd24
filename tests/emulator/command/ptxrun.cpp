// SPDX-License-Identifier: MIT
// ptxrun [options] program [arguments]: starts the program with the emulator's libraries in the
// place of NVIDIA's.
#include "tests/emulator/report/options.h"

#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

namespace {

constexpr int kUsageError = 2;
constexpr int kCheckFired = 86;
constexpr int kCannotStart = 127;

constexpr const char* kUsage =
    "usage: ptxrun [options] program [arguments]\n"
    "runs a CUDA program on the CPU, with checks; exit status 86 if one of them fired\n"
    "  --checks none|memory|all  what is checked while kernels run (default all)\n"
    "  --shuffle SEED            blocks and warps in a random order\n"
    "  --lazy SEED               asynchronous work runs only when something waits for it\n"
    "  --stats FILE              writes the counters as JSON\n"
    "  --list                    also prints the kernels, and what of them is not supported\n"
    "  --max-reports N           prints at most N reports (default 20)\n"
    "  --memory BYTES            memory of the device (default 16 GiB)\n"
    "  --fail CALL:N             the Nth call of that name fails\n"
    "  --refuse EPILOGUE         cuBLASLt refuses that epilogue\n";

// The file that a command names, as a shell finds it.
std::filesystem::path file_of(const std::string& command) {
  const char* const folders = std::getenv("PATH");
  if (command.find('/') != std::string::npos || !folders) return command;
  std::istringstream list(folders);
  for (std::string folder; std::getline(list, folder, ':');) {
    const std::filesystem::path file = std::filesystem::path(folder) / command;
    if (access(file.c_str(), X_OK) == 0) return file;
  }
  return command;
}

// Why a CUDA program cannot run here, with the nvcc flags it needs; empty if it can. The names of
// its sections and libraries stand in its file as they are.
std::string why_not_runnable(const std::filesystem::path& path) {
  std::error_code error;
  if (!std::filesystem::is_regular_file(path, error)) return "";
  std::ifstream file(path, std::ios::binary);
  const std::string bytes{std::istreambuf_iterator<char>(file), {}};
  const bool has_kernels =
      bytes.rfind("\177ELF", 0) == 0 && bytes.find(".nv_fatbin") != std::string::npos;
  if (!has_kernels || bytes.find("libcudart.so.13") != std::string::npos) return "";
  const std::size_t other = bytes.find("libcudart.so.");
  if (other == std::string::npos) {
    return "it contains CUDA's static runtime: build it with nvcc --cudart shared";
  }
  return std::string("it uses ") + (bytes.c_str() + other) +
         ": build it with nvcc 13 --cudart shared";
}

int refuse(const std::string& what) {
  std::fprintf(stderr, "%s; ptxrun --help lists the options\n", what.c_str());
  return kUsageError;
}

void put_first(const char* variable, const std::string& folder) {
  const char* const old = std::getenv(variable);
  const std::string value = old && *old ? folder + ":" + old : folder;
  setenv(variable, value.c_str(), 1);
}

}  // namespace

int main(int count, char** arguments) {
  const std::vector<std::string> words(arguments + 1, arguments + count);
  emulator::Options options;
  std::size_t used = 0;
  try {
    if (!words.empty() && (words[0] == "--help" || words[0] == "-h")) {
      std::fputs(kUsage, stdout);
      return 0;
    }
    used = emulator::parse_options(words, options);
  } catch (const std::invalid_argument& error) {
    return refuse(error.what());
  }
  if (used == words.size()) return refuse("ptxrun: no program is given");
  // What an earlier run left must not pass for the counters of this one.
  if (!options.stats.empty() && !std::ofstream(options.stats)) {
    return refuse("ptxrun: --stats cannot write '" + options.stats + "'");
  }
  const char* const program = words[used].c_str();
  const std::string why = why_not_runnable(file_of(program));
  if (!why.empty()) {
    std::fprintf(stderr, "ptxrun: %s: %s\n", program, why.c_str());
    return kCheckFired;
  }
  std::string lines;  // as options() reads them
  for (std::size_t i = 0; i < used; ++i) lines += words[i] + "\n";
  setenv("PTXRUN_OPTIONS", lines.c_str(), 1);
  put_first("LD_LIBRARY_PATH", std::filesystem::canonical("/proc/self/exe").parent_path().string());
  execvp(program, arguments + 1 + used);
  std::fprintf(stderr, "ptxrun: cannot start %s: %s\n", program, std::strerror(errno));
  return kCannotStart;
}
