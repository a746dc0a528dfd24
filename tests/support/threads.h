// SPDX-License-Identifier: MIT
#pragma once

#include <kindling/core/settings.h>

namespace kindling::test {

/// Another thread count while it lives.
class ThreadCount {
 public:
  explicit ThreadCount(int count) : previous_(get_num_threads()) { set_num_threads(count); }
  ~ThreadCount() { set_num_threads(previous_); }
  ThreadCount(const ThreadCount&) = delete;
  ThreadCount& operator=(const ThreadCount&) = delete;

 private:
  int previous_;
};

}  // namespace kindling::test
