// SPDX-License-Identifier: MIT
#include <kindling/kernels/math/permutation.h>

#include "tests/kernels/kernel_test.h"

#include <map>
#include <numeric>

namespace kindling::test {
namespace {

using namespace kernels;

TEST(Permutation, TakesEachNumberOnce) {
  for (const std::uint64_t n : std::vector<std::uint64_t>{
           1, 2, 3, 4, 5, 7, 8, 9, 31, 32, 33, 100, 442, 1000, 1023, 1024, 1025, 65537, 300000})
    for (const std::uint64_t seed : std::vector<std::uint64_t>{0, 1, 12345}) {
      const math::Permutation permutation(n, seed, 3);
      std::vector<bool> seen(n);
      for (std::uint64_t i = 0; i < n; ++i) {
        const std::uint64_t value = permutation(i);
        ASSERT_LT(value, n);
        ASSERT_FALSE(seen[value]) << n;
        seen[value] = true;
      }
    }
}

/// Pearson's statistic for counts that should be equal, in standard deviations from its mean.
double excess(const std::vector<int>& counts, double expected) {
  double statistic = 0;
  for (const int count : counts) statistic += (count - expected) * (count - expected) / expected;
  const double freedom = static_cast<double>(counts.size()) - 1;
  return (statistic - freedom) / std::sqrt(2 * freedom);
}

// All n! orders of a few numbers come up equally often, over seeds and over epochs.
TEST(Permutation, EveryOrderOfAFewIsAsLikely) {
  for (const std::uint64_t n : std::vector<std::uint64_t>{2, 3, 4, 5, 6}) {
    std::uint64_t orders = 1;
    for (std::uint64_t i = 2; i <= n; ++i) orders *= i;
    for (const bool over_seeds : {true, false}) {
      std::map<std::vector<std::uint64_t>, int> counts;
      const std::uint64_t trials = 200 * orders;
      for (std::uint64_t t = 0; t < trials; ++t) {
        const math::Permutation permutation(n, over_seeds ? t : 9, over_seeds ? 0 : t);
        std::vector<std::uint64_t> order;
        for (std::uint64_t i = 0; i < n; ++i) order.push_back(permutation(i));
        ++counts[order];
      }
      ASSERT_EQ(counts.size(), orders);
      std::vector<int> list;
      for (const auto& [order, count] : counts) list.push_back(count);
      EXPECT_LT(excess(list, 200), 5) << n;
    }
  }
}

// Where one number goes, and where its neighbour goes as seen from there, is uniform.
TEST(Permutation, PlacesAndDistancesAreUniform) {
  for (const std::uint64_t n : std::vector<std::uint64_t>{10, 16, 100, 442}) {
    const int trials = static_cast<int>(100 * n);
    for (const std::uint64_t position : {std::uint64_t{0}, n / 2, n - 2}) {
      std::vector<int> places(n), distances(n - 1);
      for (int t = 0; t < trials; ++t) {
        const math::Permutation permutation(n, 77, static_cast<std::uint64_t>(t));
        const std::uint64_t here = permutation(position), next = permutation(position + 1);
        ++places[here];
        ++distances[(next + n - here) % n - 1];
      }
      EXPECT_LT(excess(places, 100), 5) << n;
      EXPECT_LT(excess(distances, trials / (static_cast<double>(n) - 1)), 5) << n;
    }
  }
}

TEST(RandomPermutation, IsOneAndMovesTheStreamOn) {
  on_every_backend([](Backend& backend) {
    for (const std::int64_t n : kSizes) {
      Placed<RandomState> state(backend);
      const auto draw = [&](std::uint64_t offset) {
        return run_kernel<float>(backend, std::vector<float>(static_cast<std::size_t>(n)),
                                 [&](View out) {
                                   state.set({5, offset});
                                   run(backend, RandomPermutation{out, state.data()});
                                 });
      };
      std::vector<float> first = draw(0);
      EXPECT_EQ(state.value().offset, 1u);
      if (n > 15) {
        EXPECT_NE(first, draw(1));
      }
      std::sort(first.begin(), first.end());
      std::vector<float> numbers(first.size());
      std::iota(numbers.begin(), numbers.end(), 0.0f);
      EXPECT_EQ(first, numbers);
    }
  });
}

}  // namespace
}  // namespace kindling::test
