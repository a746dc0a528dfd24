// SPDX-License-Identifier: MIT
#include "tests/emulator/report/report.h"

#include "tests/emulator/report/counters.h"
#include "tests/emulator/report/host_call.h"
#include "tests/emulator/report/options.h"

#include <cxxabi.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <mutex>
#include <set>

namespace emulator {
namespace {

constexpr std::array<std::string_view, 21> kNames = {"out-of-bounds",  "misaligned",
                                                     "use-after-free", "double-free",
                                                     "uninitialised",  "race",
                                                     "barrier",        "endless",
                                                     "mask",           "launch",
                                                     "host-access",    "device-access",
                                                     "copy",           "unchecked-error",
                                                     "capture",        "unjoined-fork",
                                                     "leak",           "assert",
                                                     "trap",           "unsupported",
                                                     "library"};

struct State {
  std::mutex mutex;
  std::array<std::uint64_t, kNames.size()> counts{};
  std::uint64_t total = 0;     // those too that a reset took from the counts
  std::set<std::string> seen;  // check, kernel and source of what was printed
  std::uint64_t printed = 0;
};

State& state() {
  static State* const result = new State;
  return *result;
}

std::string without_digits(std::string text) {
  std::erase_if(text, [](char c) { return c >= '0' && c <= '9'; });
  return text;
}

}  // namespace

std::string coordinates(const std::uint32_t (&index)[3]) {
  return text("(", index[0], ",", index[1], ",", index[2], ")");
}

std::string_view name(Check check) { return kNames[static_cast<std::size_t>(check)]; }

std::string demangled(const std::string& name) {
  int status = 0;
  char* const text = abi::__cxa_demangle(name.c_str(), nullptr, nullptr, &status);
  const std::string result = status == 0 ? text : name;
  std::free(text);
  return result;
}

// Without the type of the result and the parameters.
std::string kernel_label(const std::string& name) {
  const std::string label = demangled(name);
  std::size_t begin = 0, end = label.size();
  int depth = 0;  // of brackets
  for (std::size_t i = 0; i < label.size(); ++i) {
    const char c = label[i];
    if (c == '(' && depth == 0 && i != 0 && label.compare(i, 11, "(anonymous ") != 0) {
      end = i;
      break;
    }
    if (c == '<' || c == '(') ++depth;
    if (c == '>' || c == ')') --depth;
    if (c == ' ' && depth == 0) begin = i + 1;
  }
  return label.substr(begin, end - begin);
}

void report(Check check, const std::string& what, const Place* place) {
  State& all = state();
  const std::lock_guard lock(all.mutex);
  ++all.counts[static_cast<std::size_t>(check)];
  ++all.total;
  const std::string site = place ? "" : positions(responsible_host_call());
  const std::string key =
      text(name(check), "|",
           place ? place->kernel + "|" + place->source + "|" + place->instruction
                 : site + "|" + without_digits(what));
  const bool has_place = place || !site.empty();
  if (has_place && !all.seen.insert(key).second) return;
  if (all.printed++ >= options().max_reports) return;
  std::fprintf(stderr, "ptxrun: [%s] %s\n", name(check).data(), what.c_str());
  if (place) {
    std::fprintf(stderr, "    kernel %s, block %s, thread %s%s%s\n        %s\n",
                 kernel_label(place->kernel).c_str(), coordinates(place->block).c_str(),
                 coordinates(place->thread).c_str(), place->source.empty() ? "" : ", ",
                 place->source.c_str(), place->instruction.c_str());
  } else if (!site.empty()) {
    std::fprintf(stderr, "    called from %s\n", with_source_lines(site).c_str());
  }
}

std::uint64_t report_count() {
  std::uint64_t sum = 0;
  for (const std::uint64_t count : state().counts) sum += count;
  return sum;
}

std::uint64_t report_count(Check check) { return state().counts[static_cast<std::size_t>(check)]; }

void reset_reports() {
  State& all = state();
  const std::lock_guard lock(all.mutex);
  all.counts = {};
  all.seen.clear();
  all.printed = 0;
}

int finish(int status) {
  if (!options().stats.empty()) std::ofstream(options().stats) << to_json(counters());
  const std::uint64_t total = state().total;
  if (total == 0) return status;
  std::fputs(text("ptxrun: ", total, total == 1 ? " report\n" : " reports\n").c_str(), stderr);
  return 86;
}

}  // namespace emulator
