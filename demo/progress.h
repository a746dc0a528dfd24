// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstddef>
#include <iosfwd>
#include <string>

namespace kindling::demo {

/// "━━━━━━━━──────────  45%  text": a bar of `width` cells, `fraction` of them done.
std::string progress_line(double fraction, const std::string& text, std::size_t width = 24);

/// "0:07" or "1:02:03", whole seconds.
std::string format_duration(double seconds);

/// "0:30, 0:10 left" when three quarters took half a minute.
std::string time_line(double fraction, double seconds);

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
  /// Draws the bar with the text, the time since it was made and the time that is left.
  void show(double fraction, const std::string& text);
  /// Takes the bar away, to make room for a line of output.
  void clear();
  /// Leaves "text in 0:07" in its place.
  void finish(const std::string& text);

 private:
  using Clock = std::chrono::steady_clock;

  double seconds() const { return std::chrono::duration<double>(Clock::now() - start_).count(); }

  std::ostream& out_;
  bool visible_;
  bool drawn_ = false;
  Clock::time_point start_ = Clock::now();
  Clock::time_point next_ = Clock::time_point::min();
};

bool stderr_is_terminal();

}  // namespace kindling::demo
