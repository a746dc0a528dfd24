// SPDX-License-Identifier: MIT
#include <kindling/kernels/math/random.h>

#include "tests/kernels/kernel_test.h"

namespace kindling::test {
namespace {

using namespace kernels;

// The known answers that come with Random123, for the counters and keys that a 64-bit seed and
// counter can express.
TEST(Random, PhiloxGivesTheKnownAnswers) {
  const math::RandomBits zero = math::philox(0, 0);
  EXPECT_EQ(zero.word[0], 0x6627e8d5u);
  EXPECT_EQ(zero.word[1], 0xe169c58du);
  EXPECT_EQ(zero.word[2], 0xbc57ac4cu);
  EXPECT_EQ(zero.word[3], 0x9b00dbd8u);
  // By a program that gives Random123's answers for other counters, too.
  const math::RandomBits whole = math::philox(0x0123456789abcdef, 0xfedcba9876543210);
  EXPECT_EQ(whole.word[0], 0x2c03a599u);
  EXPECT_EQ(whole.word[1], 0xd8a290fcu);
  EXPECT_EQ(whole.word[2], 0x4339955bu);
  EXPECT_EQ(whole.word[3], 0x8784c033u);
}

template <class T>
std::vector<T> random_numbers(Backend& backend, Distribution distribution, std::int64_t n,
                              double first, double second, RandomState from = {42, 5},
                              std::uint64_t* offset = nullptr) {
  return run_kernel<T>(backend, std::vector<T>(static_cast<std::size_t>(n), T(NAN)), [&](View out) {
    const Placed<RandomState> state(backend, from);
    run(backend, Random{distribution, out, first, second, state.data()});
    if (offset != nullptr) *offset = state.value().offset;
  });
}

template <class T>
class RandomOf : public testing::Test {};
using Types = testing::Types<float, double>;
TYPED_TEST_SUITE(RandomOf, Types);

TYPED_TEST(RandomOf, EveryBackendGivesTheSameBits) {
  using T = TypeParam;
  for (const auto distribution : {Distribution::uniform, Distribution::normal})
    for (const std::int64_t n : kSizes) {
      const auto expected = random_numbers<T>(cpu::backend(), distribution, n, -0.3, 1.7);
      on_every_backend([&](Backend& backend) {
        const auto got = random_numbers<T>(backend, distribution, n, -0.3, 1.7);
        EXPECT_TRUE(same_bits(got, expected)) << n;
      });
    }
}

TYPED_TEST(RandomOf, ContinuesWhereItStopped) {
  using T = TypeParam;
  on_every_backend([](Backend& backend) {
    std::uint64_t offset = 0;
    const auto all = random_numbers<T>(backend, Distribution::normal, 40, 0, 1);
    const auto head = random_numbers<T>(backend, Distribution::normal, 16, 0, 1, {42, 5}, &offset);
    EXPECT_EQ(offset, 5u + 16u / math::RandomTraits<T>::words);
    const auto tail = random_numbers<T>(backend, Distribution::normal, 24, 0, 1, {42, offset});
    EXPECT_TRUE(std::equal(head.begin(), head.end(), all.begin()));
    EXPECT_TRUE(std::equal(tail.begin(), tail.end(), all.begin() + 16));
    random_numbers<T>(backend, Distribution::uniform, 1, 0, 1, {42, 5}, &offset);
    EXPECT_EQ(offset, 6u);
  });
}

// Moments within five standard errors of n samples.
TYPED_TEST(RandomOf, MomentsAreThoseOfTheDistribution) {
  using T = TypeParam;
  constexpr std::int64_t n = 400000;
  const auto check = [](const std::vector<T>& x, std::vector<double> moments) {
    for (std::size_t power = 1; power <= moments.size(); ++power) {
      double sum = 0, squares = 0;
      for (const T value : x) {
        const double term = std::pow(static_cast<double>(value), static_cast<double>(power));
        sum += term;
        squares += term * term;
      }
      const double mean = sum / n;
      EXPECT_NEAR(mean, moments[power - 1], 5 * std::sqrt((squares / n - mean * mean) / n))
          << "power " << power;
    }
  };
  on_every_backend([&](Backend& backend) {
    check(random_numbers<T>(backend, Distribution::uniform, n, 0, 1), {0.5, 1.0 / 3, 0.25, 0.2});
    check(random_numbers<T>(backend, Distribution::normal, n, 0, 1), {0, 1, 0, 3, 0, 15});
  });
}

TYPED_TEST(RandomOf, NormalNumbersAreAsBoxAndMullerSay) {
  using T = TypeParam;
  using Traits = math::RandomTraits<T>;
  std::uint64_t seed = 3;
  for (std::uint64_t counter = 0; counter < 20000; ++counter) {
    const math::RandomBits bits = math::philox(seed, counter);
    const auto a = Traits::word(bits, 0), b = Traits::word(bits, 1);
    const math::Pair<T> pair = math::normal_pair<T>(a, b);
    const double one = std::ldexp(1.0, static_cast<int>(sizeof(a)) * 8);
    const double u = (static_cast<double>(a >> (sizeof(a) * 8 - Traits::digits)) + 1) /
                     std::ldexp(1.0, Traits::digits);
    const double radius = std::sqrt(-2 * std::log(u)),
                 angle = 2 * M_PI * (static_cast<double>(b) / one);
    const double allowed = (sizeof(T) == 4 ? 4e-7 : 2e-15) * (1 + radius);
    ASSERT_NEAR(static_cast<double>(pair.first), radius * std::cos(angle), allowed);
    ASSERT_NEAR(static_cast<double>(pair.second), radius * std::sin(angle), allowed);
  }
}

TYPED_TEST(RandomOf, UniformStaysInItsHalfOpenRange) {
  using T = TypeParam;
  on_every_backend([](Backend& backend) {
    const T high = std::nextafter(T(1), T(2));
    for (const T x :
         random_numbers<T>(backend, Distribution::uniform, 100000, 1.0, static_cast<double>(high)))
      ASSERT_EQ(x, T(1));
    for (const T x : random_numbers<T>(backend, Distribution::uniform, 100000, -2, 3))
      ASSERT_TRUE(x >= T(-2) && x < T(3));
  });
}

// Also where high - low, or the whole range, is beyond the largest number.
TYPED_TEST(RandomOf, UniformFillsEveryFiniteRange) {
  using T = TypeParam;
  constexpr std::int64_t n = 20000;
  constexpr T most = std::numeric_limits<T>::max();
  const T least = std::numeric_limits<T>::min();
  on_every_backend([&](Backend& backend) {
    for (const auto& [low, high] :
         std::vector<std::pair<T, T>>{{-most, most},
                                      {T(-3e38), T(3e38)},
                                      {-most, T(0)},
                                      {T(0), most},
                                      {-most, -most / 2},
                                      {most / 4, most},
                                      {T(-1e-3), most},
                                      {-most / 2, std::nextafter(most, T(0))},
                                      {T(-1), T(2)},
                                      {-least * 1024, least * 1024}}) {
      SCOPED_TRACE(testing::Message() << low << " to " << high);
      std::vector<T> x = random_numbers<T>(backend, Distribution::uniform, n,
                                           static_cast<double>(low), static_cast<double>(high));
      long double sum = 0;
      for (const T value : x) {
        ASSERT_TRUE(value >= low && value < high) << value;
        sum += (static_cast<long double>(value) - low) / (static_cast<long double>(high) - low);
      }
      EXPECT_NEAR(static_cast<double>(sum / n), 0.5, 5 / std::sqrt(12.0 * n));
      std::sort(x.begin(), x.end());
      EXPECT_GT(std::unique(x.begin(), x.end()) - x.begin(), n / 2);
    }
    for (const T only : {T(0), T(-2.5), most, -most})
      for (const T x : random_numbers<T>(backend, Distribution::uniform, 100,
                                         static_cast<double>(only), static_cast<double>(only)))
        ASSERT_EQ(x, only);
  });
}

}  // namespace
}  // namespace kindling::test
