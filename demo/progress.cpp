// SPDX-License-Identifier: MIT
#include "demo/progress.h"

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

void ProgressBar::show(double fraction, const std::string& text) {
  if (!due()) return;
  next_ = Clock::now() + kInterval;
  out_ << kEraseLine << kWrapOff << progress_line(fraction, text) << kWrapOn << std::flush;
  drawn_ = true;
}

void ProgressBar::clear() {
  if (drawn_) out_ << kEraseLine << std::flush;
  drawn_ = false;
}

bool stderr_is_terminal() { return isatty(STDERR_FILENO) == 1; }

}  // namespace kindling::demo
