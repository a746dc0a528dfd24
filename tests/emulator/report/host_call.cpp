// SPDX-License-Identifier: MIT
#include "tests/emulator/report/host_call.h"

#include <dlfcn.h>
#include <execinfo.h>

#include <cstdio>
#include <cstring>
#include <sstream>
#include <utility>

namespace emulator {
namespace {

thread_local const HostCall* responsible = nullptr;

// What addr2line says about "object+0x1234", or nothing: the line and those that it was inlined at,
// without CUDA's headers.
std::string source_line(const std::string& position) {
  const std::size_t plus = position.rfind("+0x");
  if (plus == std::string::npos || position.find('\'') != std::string::npos) return "";
  const std::string command = "addr2line -i -e '" + position.substr(0, plus) + "' " +
                              position.substr(plus + 1) + " 2>/dev/null";
  std::FILE* const pipe = popen(command.c_str(), "r");
  if (!pipe) return "";
  std::string result;
  std::array<char, 512> buffer{};
  while (std::fgets(buffer.data(), buffer.size(), pipe)) {
    const std::string line(buffer.data(), std::strcspn(buffer.data(), " \n"));
    if (line.ends_with("?") || line.find("cuda_runtime") != std::string::npos) continue;
    result += (result.empty() ? "" : " inlined at ") + line;
  }
  pclose(pipe);
  return result;
}

}  // namespace

HostCall current_host_call() {
  HostCall site;
  site.count = backtrace(site.frames.data(), static_cast<int>(site.frames.size()));
  return site;
}

std::string positions(const HostCall& site) {
  constexpr int kPositions = 3;  // a wrapper or two, and the place that matters
  Dl_info own{};
  dladdr(reinterpret_cast<const void*>(&source_line), &own);
  std::ostringstream text;
  int found = 0;
  for (int i = 0; i < site.count && found < kPositions; ++i) {
    Dl_info info{};
    void* const frame = site.frames[static_cast<std::size_t>(i)];
    if (!dladdr(frame, &info) || !info.dli_fname || info.dli_fbase == own.dli_fbase) continue;
    if (std::strstr(info.dli_fname, "/libc.so")) break;  // what called main
    const auto offset = static_cast<const char*>(frame) - static_cast<char*>(info.dli_fbase) - 1;
    text << (found++ ? ", " : "") << info.dli_fname << "+0x" << std::hex << offset;
  }
  return text.str();
}

std::string call_site(const char* call) {
  const std::string where = positions(current_host_call());
  return where.empty() ? call : std::string(call) + " called from " + where;
}

WorksFor::WorksFor(const HostCall& site)
    : before_(std::exchange(responsible, site.count != 0 ? &site : responsible)) {}

WorksFor::~WorksFor() { responsible = before_; }

HostCall responsible_host_call() { return responsible ? *responsible : current_host_call(); }

std::string with_source_lines(const std::string& origin) {
  std::istringstream words(origin);
  std::string result;
  for (std::string word; words >> word;) {
    const bool comma = word.back() == ',';
    if (comma) word.pop_back();
    const std::string line = source_line(word);
    result += (result.empty() ? "" : " ") + (line.empty() ? word : line) + (comma ? "," : "");
  }
  return result;
}

}  // namespace emulator
