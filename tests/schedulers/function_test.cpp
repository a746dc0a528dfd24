// SPDX-License-Identifier: MIT
#include <kindling/schedulers/function.h>

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <stdexcept>
#include <thread>

namespace kindling::schedulers {
namespace {

double wobble(std::int64_t t) { return 1 + 0.01 * std::sin(static_cast<double>(t)); }

double naive_product(std::int64_t t) {
  double product = 1;
  for (std::int64_t k = 1; k <= t; ++k) product *= wobble(k);
  return product;
}

TEST(Multiplicative, DoesNotDependOnTheOrderOfTheCalls) {
  const Schedule made = multiplicative(wobble);
  std::mt19937 random(3);
  std::uniform_int_distribution<std::int64_t> any(0, 3000);
  for (const std::int64_t t : {0, 1, 255, 256, 257, 511, 512, 513, 300, 2999, 1}) {
    EXPECT_EQ(made(t), naive_product(t)) << "t = " << t;
  }
  for (int i = 0; i < 200; ++i) {
    const std::int64_t t = any(random);
    ASSERT_EQ(made(t), naive_product(t)) << "t = " << t;
  }
}

TEST(Multiplicative, CallsItsFunctionOnceAStep) {
  std::int64_t calls = 0;
  const Schedule made = multiplicative([&calls](std::int64_t t) {
    ++calls;
    return wobble(t);
  });
  for (std::int64_t t = 0; t <= 5000; ++t) made(t);
  EXPECT_EQ(calls, 5000);
  for (std::int64_t t = 5000; t > 4000; t -= 100) {
    calls = 0;
    made(t);
    EXPECT_LT(calls, 256);
  }
}

TEST(Multiplicative, NeverCallsItsFunctionAtZero) {
  const Schedule made = multiplicative([](std::int64_t t) { return 1.0 / static_cast<double>(t); });
  EXPECT_EQ(made(0, 0.3), 0.3);
  EXPECT_DOUBLE_EQ(made(3, 6.0), 1.0);
}

TEST(Multiplicative, IsUnchangedByAFunctionThatThrew) {
  bool fail = true;
  const Schedule made = multiplicative([&fail](std::int64_t t) {
    if (fail && t == 7) throw std::runtime_error("not yet");
    return wobble(t);
  });
  EXPECT_THROW(made(10), std::runtime_error);
  fail = false;
  EXPECT_EQ(made(10), naive_product(10));
}

TEST(Multiplicative, MayBeCalledFromSeveralThreads) {
  const Schedule made = multiplicative(wobble);
  const auto forwards = [&made] {
    for (std::int64_t t = 0; t < 1000; ++t) made(t);
  };
  std::thread other(forwards);
  for (std::int64_t t = 1000; t > 0; t -= 3) made(t);
  other.join();
  EXPECT_EQ(made(700), naive_product(700));
}

TEST(Lambda, IsTheBaseTimesTheFunction) {
  const Schedule made =
      lambda([](std::int64_t t) { return std::min(1.0, static_cast<double>(t) / 5); });
  EXPECT_EQ(made(0, 0.1), 0.0);
  EXPECT_DOUBLE_EQ(made(3, 0.1), 0.06);
  EXPECT_EQ(made(100, 0.1), 0.1);
}

}  // namespace
}  // namespace kindling::schedulers
