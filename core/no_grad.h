// SPDX-License-Identifier: MIT
#pragma once

#include <kindling/core/api.h>

namespace kindling {

/// While one lives, this thread's ops are not tracked, and leaves may be changed in place.
class KINDLING_API NoGradGuard {
 public:
  [[nodiscard]] NoGradGuard() noexcept;
  ~NoGradGuard();
  NoGradGuard(const NoGradGuard&) = delete;
  NoGradGuard& operator=(const NoGradGuard&) = delete;

 private:
  bool previous_;
};

}  // namespace kindling
