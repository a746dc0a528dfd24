// SPDX-License-Identifier: MIT
// ptxrun [options] program [arguments]: starts the program with the emulator's libraries in the
// place of NVIDIA's.
#include "tests/emulator/command/executable.h"
#include "tests/emulator/report/options.h"

#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <stdexcept>
#include <string>

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
    "  --list                    prints the kernels, and what of them is not supported\n"
    "  --max-reports N           prints at most N reports (default 20)\n"
    "  --memory BYTES            memory of the device (default 16 GiB)\n"
    "  --fail CALL:N             the Nth call of that name fails\n"
    "  --refuse EPILOGUE         cuBLASLt refuses that epilogue\n";

// The arguments, one a line, as options() reads them.
std::string joined(char** arguments, int count) {
  std::string result;
  for (int i = 0; i < count; ++i) result += std::string(i ? "\n" : "") + arguments[i];
  return result;
}

void put_first(const char* variable, const std::string& folder) {
  const char* const old = std::getenv(variable);
  const std::string value = old && *old ? folder + ":" + old : folder;
  setenv(variable, value.c_str(), 1);
}

}  // namespace

int main(int count, char** arguments) {
  emulator::Options options;
  int used = 0;
  try {
    if (count > 1 && (!std::strcmp(arguments[1], "--help") || !std::strcmp(arguments[1], "-h"))) {
      std::fputs(kUsage, stdout);
      return 0;
    }
    used = 1 + emulator::parse_options(count - 1, arguments + 1, options);
  } catch (const std::invalid_argument& error) {
    std::fprintf(stderr, "%s\n%s", error.what(), kUsage);
    return kUsageError;
  }
  if (used == count) {
    std::fputs(kUsage, stderr);
    return kUsageError;
  }
  char** const program = arguments + used;
  const std::string why = emulator::why_not_runnable(*program);
  if (!why.empty()) {
    std::fprintf(stderr, "ptxrun: %s: %s\n", *program, why.c_str());
    return kCheckFired;
  }
  const auto folder = std::filesystem::canonical("/proc/self/exe").parent_path();
  put_first("LD_LIBRARY_PATH", folder.string());
  setenv("PTXRUN_OPTIONS", joined(arguments + 1, used - 1).c_str(), 1);
  execvp(*program, program);
  std::fprintf(stderr, "ptxrun: cannot start %s: %s\n", *program, std::strerror(errno));
  return kCannotStart;
}
