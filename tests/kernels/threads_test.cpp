// SPDX-License-Identifier: MIT
#include <kindling/core/error.h>
#include <kindling/kernels/cpu/flush.h>
#include <kindling/kernels/cpu/threads.h>

#include "tests/support/expect_error.h"

#include <gtest/gtest.h>

#include <atomic>
#include <cstdint>
#include <limits>
#include <thread>
#include <vector>

namespace kindling::kernels::cpu {
namespace {

class ThreadsTest : public testing::Test {
 protected:
  void TearDown() override { set_num_threads(previous_); }

 private:
  int previous_ = get_num_threads();
};

/// How often each of `count` blocks was called for.
std::vector<int> calls_per_block(std::int64_t count) {
  std::vector<std::atomic<int>> calls(static_cast<std::size_t>(count));
  parallel_for(count, [&](std::int64_t block) { ++calls[static_cast<std::size_t>(block)]; });
  return {calls.begin(), calls.end()};
}

TEST_F(ThreadsTest, EachBlockIsCalledOnce) {
  for (const int threads : {1, 2, 3, 8}) {
    set_num_threads(threads);
    for (const std::int64_t count : {0, 1, 2, 3, 7, 1000})
      EXPECT_EQ(calls_per_block(count), std::vector<int>(static_cast<std::size_t>(count), 1))
          << threads << " threads, " << count << " blocks";
  }
}

TEST_F(ThreadsTest, ManyShortCallsInARow) {
  set_num_threads(4);
  std::int64_t total = 0;
  for (int call = 0; call < 20000; ++call) {
    std::atomic<std::int64_t> sum = 0;
    parallel_for(5, [&](std::int64_t block) { sum += block; });
    total += sum;
  }
  EXPECT_EQ(total, 20000 * 10);
}

TEST_F(ThreadsTest, NestedCallsRunOnTheirThread) {
  set_num_threads(4);
  std::atomic<int> calls = 0;
  std::atomic<int> strays = 0;
  parallel_for(8, [&](std::int64_t) {
    const std::thread::id outer = std::this_thread::get_id();
    parallel_for(8, [&](std::int64_t) {
      ++calls;
      if (std::this_thread::get_id() != outer) ++strays;
    });
  });
  EXPECT_EQ(calls, 64);
  EXPECT_EQ(strays, 0);
}

TEST_F(ThreadsTest, SeveralThreadsMayCallAtOnce) {
  set_num_threads(3);
  std::vector<std::thread> callers;
  std::atomic<int> wrong = 0;
  for (int caller = 0; caller < 4; ++caller)
    callers.emplace_back([&] {
      for (int call = 0; call < 200; ++call)
        if (calls_per_block(17) != std::vector<int>(17, 1)) ++wrong;
    });
  for (std::thread& caller : callers) caller.join();
  EXPECT_EQ(wrong, 0);
}

TEST_F(ThreadsTest, SmallWorkStaysOnTheCaller) {
  set_num_threads(4);
  const std::thread::id caller = std::this_thread::get_id();
  for_each_block(kElementsPerBlock, kElementsPerBlock, [&](std::int64_t begin, std::int64_t end) {
    EXPECT_EQ(std::this_thread::get_id(), caller);
    EXPECT_EQ(begin, 0);
    EXPECT_EQ(end, kElementsPerBlock);
  });
}

TEST_F(ThreadsTest, PiecesCoverTheRange) {
  set_num_threads(3);
  for (const std::int64_t count : {0, 1, 99, 100, 101, 250, 1000}) {
    std::vector<std::atomic<int>> calls(static_cast<std::size_t>(count));
    for_each_block(count, 100, [&](std::int64_t begin, std::int64_t end) {
      EXPECT_EQ(begin % 100, 0);
      EXPECT_LE(end - begin, 100);
      for (std::int64_t i = begin; i < end; ++i) ++calls[static_cast<std::size_t>(i)];
    });
    for (const std::atomic<int>& call : calls) EXPECT_EQ(call, 1);
  }
}

TEST_F(ThreadsTest, WorkersTakeOverTheCallersFloatingPointMode) {
  if (kFlushBits == 0) GTEST_SKIP() << "this processor has no such mode";
  set_num_threads(4);
  for (const bool flush : {true, false}) {
    const FloatModeScope scope(flush ? float_mode() | kFlushBits : float_mode() & ~kFlushBits);
    std::atomic<int> flushed = 0;
    parallel_for(64, [&](std::int64_t) {
      volatile float tiny = std::numeric_limits<float>::min();
      const float half = tiny * 0.5f;
      if (half == 0) ++flushed;
      std::this_thread::yield();
    });
    EXPECT_EQ(flushed, flush ? 64 : 0);
  }
}

TEST_F(ThreadsTest, FlushModeCanBeTurnedOffAndIsRestored) {
  const FloatMode before = float_mode();
  EXPECT_TRUE(flush_denormal());
  EXPECT_EQ(kernel_float_mode(), before | kFlushBits);
  set_flush_denormal(false);
  EXPECT_EQ(kernel_float_mode(), before);
  set_flush_denormal(true);
  { const FloatModeScope scope(kernel_float_mode()); }
  EXPECT_EQ(float_mode(), before);
}

TEST_F(ThreadsTest, RefusesLessThanOneThread) {
  set_num_threads(2);
  test::expect_error<ValueError>("set_num_threads: count 0: must be at least 1",
                                 [] { set_num_threads(0); });
  EXPECT_EQ(get_num_threads(), 2);
}

}  // namespace
}  // namespace kindling::kernels::cpu
