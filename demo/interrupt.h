// SPDX-License-Identifier: MIT
#pragma once

#include <csignal>
#include <stdexcept>

namespace kindling::demo {

/// While one lives, the first SIGINT or SIGTERM is only noted, so that the step under way can be
/// finished and files can be written; a second one ends the program at once, as ever.
class InterruptGuard {
 public:
  InterruptGuard();
  InterruptGuard(const InterruptGuard&) = delete;
  InterruptGuard& operator=(const InterruptGuard&) = delete;
  ~InterruptGuard();

  /// The signal that came, or 0.
  static int signal();

 private:
  struct sigaction interrupt_ = {}, terminate_ = {};
};

/// Ends the program with a status of its own.
class Stopped : public std::runtime_error {
 public:
  Stopped(int status, const std::string& what) : std::runtime_error(what), status_(status) {}
  int status() const { return status_; }

 private:
  int status_;
};

inline constexpr int kDiverged = 3;        ///< status of a run whose loss is no longer finite
inline constexpr int kSignalStatus = 128;  ///< plus the signal: 130 after Ctrl-C

}  // namespace kindling::demo
