// SPDX-License-Identifier: MIT
#include <kindling/core/log.h>

#include <cstdio>
#include <mutex>
#include <utility>

namespace kindling {
namespace {

struct Log {
  std::recursive_mutex mutex;  // a callback may replace itself
  LogCallback callback;
};

// Never destroyed, so that destructors of static objects may still log.
Log& the_log() {
  static Log& log = *new Log;
  return log;
}

void write_to_stderr(LogLevel level, const std::string& text) {
  const char* name = level == LogLevel::warning ? "warning" : "info";
  std::fprintf(stderr, "kindling: %s: %s\n", name, text.c_str());
}

}  // namespace

void set_log_callback(LogCallback callback) {
  const std::scoped_lock lock(the_log().mutex);
  the_log().callback = std::move(callback);
}

void detail::log(LogLevel level, const std::string& text) {
  const std::scoped_lock lock(the_log().mutex);
  if (const LogCallback callback = the_log().callback) {
    callback(level, text);
  } else {
    write_to_stderr(level, text);
  }
}

}  // namespace kindling
