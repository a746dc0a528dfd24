// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstddef>
#include <iosfwd>
#include <string>

namespace kindling::demo {

/// "━━━━━━━━──────────  45%  text": a bar of `width` cells, `fraction` of them done.
std::string progress_line(double fraction, const std::string& text, std::size_t width = 24);

/// A progress bar that redraws one line of a terminal, ten times a second at most, and is gone in
/// the end.
class ProgressBar {
 public:
  /// Writes to `out` when `visible`, else nowhere: pass stderr_is_terminal() for std::cerr.
  ProgressBar(std::ostream& out, bool visible) : out_(out), visible_(visible) {}
  ProgressBar(const ProgressBar&) = delete;
  ProgressBar& operator=(const ProgressBar&) = delete;
  ~ProgressBar() { clear(); }

  /// Whether show() would draw now.
  bool due() const { return visible_ && Clock::now() >= next_; }
  void show(double fraction, const std::string& text);
  /// Takes the bar away, to make room for a line of output.
  void clear();

 private:
  using Clock = std::chrono::steady_clock;

  std::ostream& out_;
  bool visible_;
  bool drawn_ = false;
  Clock::time_point next_ = Clock::time_point::min();
};

bool stderr_is_terminal();

}  // namespace kindling::demo
