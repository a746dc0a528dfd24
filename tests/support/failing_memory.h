// SPDX-License-Identifier: MIT
#pragma once

#include <kindling/core/autograd.h>
#include <kindling/core/error.h>

#include "tests/support/devices.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <memory>

namespace kindling::test {

/// While one lives, the CPU's memory for tensors comes through it, in all threads: it counts the
/// blocks in use and can refuse one.
class FailingMemory {
 public:
  FailingMemory();
  ~FailingMemory();
  FailingMemory(const FailingMemory&) = delete;
  FailingMemory& operator=(const FailingMemory&) = delete;

  /// The n-th block asked for from now on, counted from 1, is an OutOfMemoryError; none for 0.
  void fail_at(std::int64_t n);
  /// The one that was to fail has been asked for.
  bool failed() const;
  /// Blocks taken and not yet given back since this was made.
  std::int64_t blocks() const;

 private:
  class Memory;
  OnCpu on_cpu_;
  std::unique_ptr<Memory> memory_;
};

/// Calls attempt() again and again, with the first, the second ... block of memory it asks for
/// refused, until it gets all it wants. Each refusal must reach the caller. After it check() is
/// called, which looks at what is left and brings it back to where it was; then nothing may have
/// leaked.
template <class Attempt, class Check>
void with_failing_memory(const Attempt& attempt, const Check& check) {
  constexpr std::int64_t kEnough = 1000;
  FailingMemory memory;
  const std::int64_t nodes = live_graph_nodes();
  for (std::int64_t n = 1; n < kEnough; ++n) {
    SCOPED_TRACE("block " + std::to_string(n));
    const std::int64_t blocks = memory.blocks();
    memory.fail_at(n);
    try {
      attempt();
      EXPECT_FALSE(memory.failed()) << "an allocation failed and nobody was told";
      memory.fail_at(0);
      return;
    } catch (const OutOfMemoryError&) {
      EXPECT_TRUE(memory.failed());
    }
    memory.fail_at(0);
    EXPECT_EQ(live_graph_nodes(), nodes);
    check();
    EXPECT_EQ(memory.blocks(), blocks) << "memory leaked";
  }
  ADD_FAILURE() << "there was no end to it";
}

}  // namespace kindling::test
