// SPDX-License-Identifier: MIT
#include "demo/progress.h"

#include <kindling/core/error.h>

#include "demo/number.h"

#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <ostream>

namespace kindling::demo {
namespace {

constexpr auto kInterval = std::chrono::milliseconds(100);
constexpr const char* kEraseLine = "\r\033[K";
// A line that does not fit is cut off: were it wrapped, erasing would leave its first part behind.
constexpr const char* kWrapOff = "\033[?7l";
constexpr const char* kWrapOn = "\033[?7h";

}  // namespace

std::string progress_line(double fraction, const std::string& text, std::size_t width) {
  fraction = std::clamp(fraction, 0.0, 1.0);
  const auto done = static_cast<std::size_t>(fraction * static_cast<double>(width));
  std::string line;
  for (std::size_t i = 0; i < width; ++i) line += i < done ? "━" : "─";
  const std::string percent = format_fixed(std::floor(fraction * 100.0), 0);
  return line.append(4 - percent.size(), ' ') + percent + "%  " + text;
}

std::string format_duration(double seconds) {
  const auto whole = static_cast<long long>(std::clamp(seconds, 0.0, 1e12));
  const auto two_digits = [](long long value) { return message(value < 10 ? "0" : "", value); };
  const std::string tail = two_digits(whole % 60);
  const long long minutes = whole / 60;
  if (minutes < 60) return message(minutes, ':', tail);
  return message(minutes / 60, ':', two_digits(minutes % 60), ':', tail);
}

std::string time_line(double fraction, double seconds) {
  const double left = fraction > 0.0 ? seconds * (1.0 / fraction - 1.0) : 0.0;
  return message(format_duration(seconds), ", ", format_duration(std::round(left)), " left");
}

void ProgressBar::show(double fraction, const std::string& text) {
  if (!due()) return;
  next_ = Clock::now() + kInterval;
  out_ << kEraseLine << kWrapOff
       << progress_line(fraction, message(text, "  ", time_line(fraction, seconds()))) << kWrapOn
       << std::flush;
  drawn_ = true;
}

void ProgressBar::clear() {
  if (drawn_) out_ << kEraseLine << std::flush;
  drawn_ = false;
}

void ProgressBar::finish(const std::string& text) {
  clear();
  if (visible_) out_ << message(text, " in ", format_duration(seconds()), '\n') << std::flush;
}

bool stderr_is_terminal() { return isatty(STDERR_FILENO) == 1; }

}  // namespace kindling::demo
