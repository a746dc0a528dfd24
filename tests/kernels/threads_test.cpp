// SPDX-License-Identifier: MIT
#include <kindling/core/error.h>
#include <kindling/kernels/cpu/flush.h>
#include <kindling/kernels/cpu/threads.h>

#include "tests/support/expect_error.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <limits>
#include <string>
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

// A run is a quarter of what is left, for two threads: of 1000 blocks there are 22.
TEST_F(ThreadsTest, AThreadTakesConsecutiveBlocks) {
  set_num_threads(2);
  std::vector<std::thread::id> taker(1000);
  parallel_for(1000, [&](std::int64_t block) {
    taker[static_cast<std::size_t>(block)] = std::this_thread::get_id();
    const auto end = std::chrono::steady_clock::now() + std::chrono::microseconds(20);
    while (std::chrono::steady_clock::now() < end) std::this_thread::yield();
  });
  int runs = 1;
  for (std::size_t block = 1; block < taker.size(); ++block)
    runs += static_cast<int>(taker[block] != taker[block - 1]);
  EXPECT_LE(runs, 22);
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

// The text of what parallel_for throws, or "" if it returns.
template <class F>
std::string error_of_parallel_for(std::int64_t blocks, const F& function) {
  try {
    parallel_for(blocks, function);
  } catch (const ValueError& error) {
    return error.what();
  }
  return "";
}

// As if the blocks had run one after the other, whoever ran them.
TEST_F(ThreadsTest, TheErrorOfTheFirstBlockThatFailsReachesTheCaller) {
  for (const int threads : {1, 2, 3, 8}) {
    SCOPED_TRACE(threads);
    set_num_threads(threads);
    for (const std::int64_t first : {0, 1, 5, 99})
      for (int call = 0; call < 50; ++call) {
        std::vector<std::atomic<int>> calls(100);
        const std::string error = error_of_parallel_for(100, [&](std::int64_t block) {
          ++calls[static_cast<std::size_t>(block)];
          if (block >= first) throw ValueError(message("block ", block));
        });
        ASSERT_EQ(error, message("block ", first));
        for (std::int64_t block = 0; block < 100; ++block)
          ASSERT_LE(calls[static_cast<std::size_t>(block)], 1);
        for (std::int64_t block = 0; block <= first; ++block)
          ASSERT_EQ(calls[static_cast<std::size_t>(block)], 1);
      }
    EXPECT_EQ(calls_per_block(1000), std::vector<int>(1000, 1)) << "after an error";
  }
}

TEST_F(ThreadsTest, NoBlockStartsAfterOneHasFailed) {
  set_num_threads(4);
  for (int call = 0; call < 20; ++call) {
    std::atomic<std::int64_t> last = 0;
    std::atomic<bool> failed = false;
    EXPECT_EQ(error_of_parallel_for(1 << 30,
                                    [&](std::int64_t block) {
                                      if (block == 0) {
                                        failed = true;
                                        throw ValueError("the first");
                                      }
                                      last = block;
                                      while (!failed) std::this_thread::yield();
                                    }),
              "the first");
    EXPECT_LT(last, 1 << 29);
  }
}

TEST_F(ThreadsTest, AfterAnErrorTheCallerIsOutsideAndItsPoolFree) {
  set_num_threads(4);
  for (const bool nested : {false, true}) {
    EXPECT_EQ(error_of_parallel_for(8,
                                    [&](std::int64_t block) {
                                      if (!nested) throw ValueError("outer");
                                      parallel_for(8, [&](std::int64_t inner) {
                                        if (block == 3 && inner == 2) throw ValueError("inner");
                                      });
                                    }),
              nested ? "inner" : "outer");
    // Blocks meet only if a second thread takes one; a minute ends the wait of one that is alone.
    std::atomic<int> arrived = 0, met = 0;
    parallel_for(2, [&](std::int64_t) {
      ++arrived;
      const auto end = std::chrono::steady_clock::now() + std::chrono::minutes(1);
      while (arrived < 2 && std::chrono::steady_clock::now() < end) std::this_thread::yield();
      if (arrived == 2) ++met;
    });
    EXPECT_EQ(met, 2);
  }
}

TEST_F(ThreadsTest, SeveralThreadsMayFailAtOnce) {
  set_num_threads(3);
  std::vector<std::thread> callers;
  std::atomic<int> wrong = 0;
  for (int caller = 0; caller < 4; ++caller)
    callers.emplace_back([&, caller] {
      for (int call = 0; call < 200; ++call) {
        const std::string error = error_of_parallel_for(17, [&](std::int64_t block) {
          if (block == 5) throw ValueError(message("caller ", caller));
        });
        if (error != message("caller ", caller)) ++wrong;
      }
    });
  for (std::thread& caller : callers) caller.join();
  EXPECT_EQ(wrong, 0);
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
  const auto mode_of_a_kernel = [] {
    const KernelFloatMode mode(flush_bits());
    return float_mode();
  };
  EXPECT_EQ(mode_of_a_kernel(), before | kFlushBits);
  set_flush_denormal(false);
  EXPECT_EQ(mode_of_a_kernel(), before);
  set_flush_denormal(true);
  EXPECT_EQ(float_mode(), before);
}

TEST_F(ThreadsTest, RefusesLessThanOneThread) {
  set_num_threads(2);
  test::expect_error<ValueError>("set_num_threads: count 0: must be at least 1",
                                 [] { set_num_threads(0); });
  EXPECT_EQ(get_num_threads(), 2);
}

TEST(ThreadsEnvironment, AcceptsWholeNumbersOnly) {
  EXPECT_EQ(parse_thread_count("1"), 1);
  EXPECT_EQ(parse_thread_count("16"), 16);
  EXPECT_EQ(parse_thread_count("65536"), 65536);
  for (const char* bad : {"0", "-1", "65537", "4294967298", "99999999999999999999", "2.5", "4x",
                          " 4", "4 ", "+4", "0x4", "1e2", "two", ""})
    test::expect_error<ValueError>(
        message("KINDLING_NUM_THREADS: value \"", bad,
                "\": set it to a whole number of threads, from 1 to 65536"),
        [&] { return parse_thread_count(bad); });
}

// ctest runs this test with the variable set to 3 and to "typo" as well.
TEST(ThreadsEnvironment, DecidesTheFirstThreadCount) {
  const char* variable = std::getenv("KINDLING_NUM_THREADS");
  const std::string text = variable == nullptr ? "" : variable;
  if (text == "typo") {
    EXPECT_THROW(get_num_threads(), ValueError);
    EXPECT_THROW(parallel_for(2, [](std::int64_t) {}), ValueError);
    return;
  }
  const auto processors = static_cast<int>(std::max(1u, std::thread::hardware_concurrency()));
  EXPECT_EQ(get_num_threads(), text.empty() ? processors : parse_thread_count(text));
}

}  // namespace
}  // namespace kindling::kernels::cpu
