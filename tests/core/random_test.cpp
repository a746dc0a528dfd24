// SPDX-License-Identifier: MIT
#include <kindling/kindling.h>

#include "tests/support/array.h"
#include "tests/support/devices.h"
#include "tests/support/expect_error.h"
#include "tests/support/threads.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>

namespace kindling::test {
namespace {

using Maker = std::function<Tensor(const TensorOptions&)>;

std::vector<Maker> makers(std::int64_t count) {
  return {[=](const TensorOptions& options) { return rand({count}, options); },
          [=](const TensorOptions& options) { return randn({count}, options); },
          [=](const TensorOptions& options) { return uniform({count}, -3, 5, options); },
          [=](const TensorOptions& options) { return randint(-3, 1000, {count}, options); },
          [=](const TensorOptions& options) { return randperm(count, options); }};
}

TEST(Random, TheSameSeedGivesTheSameBits) {
  for (const DType dtype : kDTypes) {
    for (const Maker& make : makers(1001)) {
      manual_seed(12);
      const Tensor first = make({.dtype = dtype});
      const Tensor second = make({.dtype = dtype});
      EXPECT_FALSE(allclose(first, second));
      manual_seed(12);
      EXPECT_TRUE(same_bits(make({.dtype = dtype}), first));
      EXPECT_TRUE(same_bits(make({.dtype = dtype}), second));
      manual_seed(13);
      EXPECT_FALSE(allclose(make({.dtype = dtype}), first));
    }
  }
}

TEST(Random, WholeNumbersAndDrawsOfOne) {
  manual_seed(1);
  const std::vector<double> numbers = randint(-2, 3, {50000}).to_vector<double>();
  for (int value = -2; value < 3; ++value)
    EXPECT_NEAR(static_cast<double>(std::count(numbers.begin(), numbers.end(), value)), 10000, 400)
        << value;
  EXPECT_EQ(std::count_if(numbers.begin(), numbers.end(),
                          [](double v) { return v < -2 || v > 2 || v != std::floor(v); }),
            0);
  EXPECT_TRUE(same(randint(7, 8, {3}), {{3}, {7, 7, 7}}));
  const Tensor p = tensor({0, 0.25, 1});
  const std::vector<double> hits = bernoulli(p.expand({40000, 3})).sum(0).to_vector<double>();
  EXPECT_EQ(hits[0], 0);
  EXPECT_NEAR(hits[1], 10000, 400);
  EXPECT_EQ(hits[2], 40000);
  expect_error<ValueError>(
      "randint: from 2 to below 2: low must be less than high, and float32 holds whole numbers up "
      "to "
      "16777216 exactly",
      [] { return randint(2, 2, {1}); });
}

TEST(Random, TheSameOnEveryDevice) {
  for (const Device device : available_devices()) {
    for (const DType dtype : kDTypes) {
      for (const Maker& make : makers(70001)) {
        manual_seed(12);
        const Tensor on_cpu = make({.dtype = dtype, .device = Device::cpu()});
        manual_seed(12);
        EXPECT_TRUE(same_bits(make({.dtype = dtype, .device = device}), on_cpu));
      }
    }
  }
}

TEST(Random, TheSameForAnyNumberOfThreads) {
  const OnCpu on_cpu;
  for (const DType dtype : kDTypes) {
    for (const Maker& make : makers(200003)) {
      const auto run = [&](int threads) {
        const ThreadCount count(threads);
        manual_seed(4);
        return make({.dtype = dtype});
      };
      const Tensor one = run(1);
      EXPECT_TRUE(same_bits(run(2), one));
      EXPECT_TRUE(same_bits(run(5), one));
    }
  }
}

// A longer draw starts like a shorter one: element i depends on seed, offset and i alone.
TEST(Random, ElementsDoNotDependOnTheCount) {
  manual_seed(8);
  const Tensor longer = rand({1000});
  for (const std::int64_t count : {1, 2, 3, 5, 17}) {
    manual_seed(8);
    EXPECT_TRUE(same_bits(rand({count}), longer.narrow(0, 0, count)));
  }
}

// Programs rely on them; they must never change.
TEST(Random, FirstValues) {
  manual_seed(42);
  const Tensor uniform32 = rand({4});
  const Tensor normal32 = randn({4});
  const Tensor uniform64 = rand({2}, {.dtype = DType::float64});
  const Tensor order = randperm(8);
  // The uniform ones are those of another implementation of Philox4x32-10, with key (42, 0); the
  // order is that of another implementation of the permutation, with seed 42 and epoch 3.
  EXPECT_TRUE(same(uniform32, {{4}, {0x1.39d5ep-1, 0x1.dfd524p-2, 0x1.2bf5p-4, 0x1.5d0accp-2}}));
  EXPECT_TRUE(
      same(normal32, {{4}, {-0x1.2bc036p-4, 0x1.1cf3f8p-3, -0x1.1b4e66p+0, 0x1.4e85fap-2}}));
  EXPECT_TRUE(same(uniform64, {{2}, {0x1.510ebb97a6d8p-1, 0x1.8c134ab3349adp-1}}));
  EXPECT_TRUE(same(order, {{8}, {3, 4, 6, 2, 1, 5, 0, 7}}));
}

struct Moments {
  double mean = 0;
  double variance = 0;
  double skewness = 0;
  double kurtosis = 0;
  double lowest = std::numeric_limits<double>::infinity();
  double highest = -std::numeric_limits<double>::infinity();
};

Moments moments_of(const std::vector<double>& x) {
  Moments m;
  const auto n = static_cast<double>(x.size());
  for (const double value : x) m.mean += value / n;
  for (const double value : x) {
    const double d = value - m.mean;
    m.variance += d * d / n;
    m.skewness += d * d * d / n;
    m.kurtosis += d * d * d * d / n;
    m.lowest = std::min(m.lowest, value);
    m.highest = std::max(m.highest, value);
  }
  m.skewness /= std::pow(m.variance, 1.5);
  m.kurtosis /= m.variance * m.variance;
  return m;
}

constexpr std::int64_t kMany = 400'000;  // standard errors are about 1 / sqrt(kMany) = 0.0016

TEST(Random, UniformMoments) {
  for (const DType dtype : kDTypes) {
    manual_seed(1);
    const Moments m = moments_of(rand({kMany}, {.dtype = dtype}).to_vector<double>());
    EXPECT_NEAR(m.mean, 0.5, 0.003);
    EXPECT_NEAR(m.variance, 1.0 / 12, 0.001);
    EXPECT_NEAR(m.skewness, 0, 0.01);
    EXPECT_NEAR(m.kurtosis, 1.8, 0.02);
    EXPECT_GE(m.lowest, 0);
    EXPECT_LT(m.highest, 1);
    EXPECT_LT(m.lowest, 1e-4);
    EXPECT_GT(m.highest, 1 - 1e-4);
  }
}

TEST(Random, NormalMoments) {
  for (const DType dtype : kDTypes) {
    manual_seed(1);
    const std::vector<double> x = randn({kMany}, {.dtype = dtype}).to_vector<double>();
    const Moments m = moments_of(x);
    EXPECT_NEAR(m.mean, 0, 0.008);
    EXPECT_NEAR(m.variance, 1, 0.012);
    EXPECT_NEAR(m.skewness, 0, 0.02);
    EXPECT_NEAR(m.kurtosis, 3, 0.05);
    // Beyond 2: 4.55 percent
    const auto far = std::count_if(x.begin(), x.end(), [](double v) { return std::abs(v) > 2; });
    EXPECT_NEAR(static_cast<double>(far) / kMany, 0.0455, 0.002);
    double neighbours = 0;
    for (std::size_t i = 1; i < x.size(); ++i) neighbours += x[i] * x[i - 1] / kMany;
    EXPECT_NEAR(neighbours, 0, 0.008);
  }
}

TEST(Random, UniformStaysBelowItsUpperEnd) {
  manual_seed(5);
  // In float32 only 16 numbers lie between them: rounding must not reach the end.
  const Moments m = moments_of(uniform({100000}, 1e6, 1e6 + 1).to_vector<double>());
  EXPECT_GE(m.lowest, 1e6);
  EXPECT_LT(m.highest, 1e6 + 1);
  EXPECT_TRUE(same(uniform({3}, 2, 2), {{3}, {2, 2, 2}}));
}

TEST(Randperm, IsAPermutation) {
  for (const std::int64_t n : {0, 1, 2, 3, 5, 8, 64, 100, 1000, 65536, 100003}) {
    for (const DType dtype : kDTypes) {
      manual_seed(static_cast<std::uint64_t>(n));
      std::vector<double> order = randperm(n, {.dtype = dtype}).to_vector<double>();
      std::sort(order.begin(), order.end());
      EXPECT_EQ(order, arange(static_cast<double>(n), {.dtype = dtype}).to_vector<double>());
    }
  }
}

TEST(Random, MakersDrawFromTheGeneratorThatIsGiven) {
  manual_seed(7);
  Generator own(7);
  const Tensor p = full({5}, 0.5);
  for (const auto& [of_default, of_own] : {std::pair{rand({5}), rand({5}, own)},
                                           {randn({5}), randn({5}, own)},
                                           {uniform({5}, 1, 3), uniform({5}, 1, 3, own)},
                                           {randint(0, 9, {5}), randint(0, 9, {5}, own)},
                                           {bernoulli(p), bernoulli(p, own)},
                                           {randperm(5), randperm(5, own)}})
    EXPECT_TRUE(same_bits(of_default, of_own));
  const Tensor before = rand({5});
  manual_seed(7);
  rand({1000}, own);
  EXPECT_TRUE(same_bits(rand({5}), [] {
    Generator fresh(7);
    return rand({5}, fresh);
  }()));
  EXPECT_EQ(before.shape(), Shape(5));
}

TEST(RandomErrors, WhatCannotBeDrawn) {
  expect_error<ShapeError>("rand: negative size in shape [-1]", [] { return rand({-1}); });
  expect_error<ShapeError>("randn: negative size in shape [2, -1]", [] { return randn({2, -1}); });
  expect_error<ShapeError>("uniform: negative size in shape [-1]",
                           [] { return uniform({-1}, 0, 1); });
  expect_error<ValueError>(
      "uniform: range 2 to 1: must be finite in float32 and low not above high",
      [] { return uniform({1}, 2, 1); });
  const double nan = std::numeric_limits<double>::quiet_NaN();
  EXPECT_THROW(uniform({1}, nan, 1), ValueError);
  EXPECT_THROW(uniform({1}, 0, std::numeric_limits<double>::infinity()), ValueError);
  expect_error<ValueError>(
      "uniform: range 0 to 1e+39: must be finite in float32 and low not above high",
      [] { return uniform({1}, 0, 1e39); });
  EXPECT_LT(uniform({1}, 0, 1e39, {.dtype = DType::float64}).item(), 1e39);
  expect_error<ValueError>("randperm: n -1: float32 holds whole numbers from 0 to 16777216 exactly",
                           [] { return randperm(-1); });
  expect_error<ValueError>(
      "randperm: n 16777218: float32 holds whole numbers from 0 to 16777216 exactly: use int64",
      [] { return randperm(16777218); });
}

TEST(Generator, RefusesTheStateOfSomethingElse) {
  Generator& generator = default_generator();
  StateDict state = generator.state_dict();
  state.emplace_back("epoch", zeros({}, {.dtype = DType::float64}));
  expect_error<ValueError>(
      "Generator: load_state_dict: \"epoch\" is unknown here: load the state of an object that was "
      "built alike",
      [&] { return generator.load_state_dict(state), 0; });
}

TEST(Generator, CopiesShareTheStream) {
  Generator& generator = default_generator();
  generator.manual_seed(3);
  EXPECT_EQ(generator.seed(), 3u);
  const Tensor first = rand({4});
  Generator copy = generator;
  copy.manual_seed(3);
  EXPECT_TRUE(same_bits(rand({4}), first));
}

}  // namespace
}  // namespace kindling::test
