// SPDX-License-Identifier: MIT
#include <kindling/kindling.h>

#include "tests/support/array.h"
#include "tests/support/devices.h"

#include <barrier>
#include <functional>
#include <thread>

// Threads that walk graphs of their own into the same leaves. All numbers are small and whole, so
// that the sums are exact in any order.
namespace kindling::test {
namespace {

constexpr int kThreads = 8;

void on_threads(const std::function<void(int)>& work) {
  std::barrier start(kThreads);
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&, i] {
      start.arrive_and_wait();
      work(i);
    });
  }
  for (std::thread& thread : threads) thread.join();
}

// Large enough for threads to meet within a kernel of the CPU.
std::int64_t size() { return sized<std::int64_t>(1 << 16, 64); }
std::vector<double> all(double value) {
  return std::vector<double>(static_cast<std::size_t>(size()), value);
}

TEST(SharedLeaves, GetTheGradientsOfAllThreads) {
  constexpr int kRounds = 30;
  const Tensor weight = ones({1, size()}, {.requires_grad = true});
  const Tensor bias = ones({1}, {.requires_grad = true});
  const Tensor x = ones({2, size()});
  on_threads([&](int) {
    for (int round = 0; round < kRounds; ++round) nn::linear(x, weight, bias).sum().backward();
  });
  constexpr double kEach = 2.0 * kThreads * kRounds;
  EXPECT_TRUE(same(weight.grad(), {{1, size()}, all(kEach)}));
  EXPECT_TRUE(same(bias.grad(), {{1}, {kEach}}));
}

// Nobody has a gradient yet: one thread makes it, the others add.
TEST(SharedLeaves, AreMadeOnce) {
  constexpr double kSum = kThreads * (kThreads + 1) / 2.0;
  for (int round = 0; round < 30; ++round) {
    const Tensor x = ones({size()}, {.requires_grad = true});
    on_threads([&](int thread) { (x * (thread + 1.0)).sum().backward(); });
    ASSERT_TRUE(same(x.grad(), {{size()}, all(kSum)}));
  }
}

// Nodes that meet several leaves, in another order in each thread, or one leaf twice.
TEST(SharedLeaves, InAnyOrder) {
  const std::int64_t kLength = sized<std::int64_t>(4096, 64);
  const std::vector<Tensor> leaves{ones({kLength}, {.requires_grad = true}),
                                   full({kLength}, 2, {.requires_grad = true}),
                                   full({kLength}, 3, {.requires_grad = true})};
  constexpr int kRounds = 30;
  on_threads([&](int thread) {
    const auto leaf = [&](int i) { return leaves[static_cast<std::size_t>(thread + i) % 3]; };
    for (int round = 0; round < kRounds; ++round) {
      (leaf(0) * leaf(1) + leaf(2) * leaf(2)).sum().backward();
      leaf(1).backward(ones({kLength}));
    }
  });
  // d/da of ab, bc, ca, aa, bb and cc, as often as the threads formed them; 1 for each leaf itself.
  const auto expected = [](int which) {
    const double values[] = {1, 2, 3};
    double sum = 0;
    for (int thread = 0; thread < kThreads; ++thread) {
      const int first = thread % 3;
      const int second = (thread + 1) % 3;
      const int third = (thread + 2) % 3;
      if (which == first) sum += values[second];
      if (which == second) sum += values[first] + 1;
      if (which == third) sum += 2 * values[third];
    }
    return sum * kRounds;
  };
  for (int i = 0; i < 3; ++i) {
    EXPECT_TRUE(
        same(leaves[static_cast<std::size_t>(i)].grad(),
             {{kLength}, std::vector<double>(static_cast<std::size_t>(kLength), expected(i))}));
  }
}

}  // namespace
}  // namespace kindling::test
