// SPDX-License-Identifier: MIT
#pragma once

#include <kindling/core/api.h>

#include <functional>
#include <string>

namespace kindling {

enum class LogLevel { info, warning };

/// Receives what Kindling has to say beside its results: today, warnings about likely mistakes,
/// each given once. May be called from any thread, one call at a time, and may replace itself. What
/// it throws ends the call that warned, before that changed anything.
using LogCallback = std::function<void(LogLevel, const std::string&)>;

/// Replaces the callback. An empty one brings back the default, which writes "kindling: warning:
/// ..." to stderr.
KINDLING_API void set_log_callback(LogCallback callback);

namespace detail {

/// Gives one message, without a newline, to the callback.
void log(LogLevel level, const std::string& text);

}  // namespace detail

}  // namespace kindling
