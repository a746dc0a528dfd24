// SPDX-License-Identifier: MIT
#include <kindling/kernels/math/permutation.h>

#include "tests/kernels/kernel_test.h"

#include <algorithm>
#include <map>
#include <numeric>
#include <utility>
#include <vector>

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

/// Pearson's statistic of counts that should be equal.
double pearson(const std::vector<int>& counts, double expected) {
  double sum = 0;
  for (const int count : counts) sum += (count - expected) * (count - expected) / expected;
  return sum;
}

/// A chi-square statistic in standard deviations of the normal distribution (Wilson & Hilferty,
/// 1931).
double deviations(double statistic, double freedom) {
  const double spread = 2 / (9 * freedom);
  return (std::cbrt(statistic / freedom) - (1 - spread)) / std::sqrt(spread);
}

/// Some 600 statistics are judged below; that one of them is beyond this by chance happens once in
/// a thousand choices of the seeds.
constexpr double kAllowed = 4.8;

/// `trials` permutations of n numbers, over seeds or over epochs.
std::vector<std::vector<std::size_t>> permutations_of(std::size_t n, int trials, bool over_seeds) {
  std::vector<std::vector<std::size_t>> all;
  for (int t = 0; t < trials; ++t) {
    const auto number = static_cast<std::uint64_t>(t);
    const math::Permutation permutation(n, over_seeds ? number : 9, over_seeds ? 0 : number);
    std::vector<std::size_t>& order = all.emplace_back();
    for (std::size_t i = 0; i < n; ++i) order.push_back(permutation(i));
  }
  return all;
}

bool is_odd(const std::vector<std::size_t>& order) {
  std::vector<bool> seen(order.size());
  bool odd = false;
  for (std::size_t start = 0; start < order.size(); ++start)
    for (std::size_t i = start; !seen[i]; i = order[i]) {
      seen[i] = true;
      odd = order[i] == start ? odd : !odd;  // a cycle of k numbers is k - 1 swaps
    }
  return odd;
}

/// The probability that `fixed` of n numbers stay in their place (Montmort, 1713).
double probability_of_fixed_points(std::size_t fixed, std::size_t n) {
  double sum = 0, term = 1;
  for (std::size_t i = 0; i <= n - fixed; ++i, term /= -static_cast<double>(i)) sum += term;
  return sum / std::tgamma(static_cast<double>(fixed) + 1);
}

class PermutationStatistics : public testing::TestWithParam<std::size_t> {
 protected:
  const std::size_t n = GetParam();
  const int trials = n <= 32 ? 10000 : n <= 100 ? 4000 : 1000;

  /// Calls check(permutations) for some over seeds, and some over epochs.
  template <class F>
  void on_permutations(const F& check) const {
    for (const bool over_seeds : {true, false}) {
      SCOPED_TRACE(over_seeds ? "over seeds" : "over epochs");
      check(permutations_of(n, trials, over_seeds));
    }
  }
};

TEST_P(PermutationStatistics, HalfAreOdd) {
  on_permutations([this](const auto& orders) {
    const auto odd = static_cast<double>(std::count_if(orders.begin(), orders.end(), is_odd));
    EXPECT_LT(std::abs(odd - trials / 2.0), kAllowed * std::sqrt(trials) / 2);
  });
}

TEST_P(PermutationStatistics, FixedPointsAreAsManyAsChanceMakes) {
  on_permutations([this](const auto& orders) {
    std::vector<int> counts(5);  // of 0 to 3, and of more
    for (const auto& order : orders) {
      std::size_t fixed = 0;
      for (std::size_t i = 0; i < n; ++i)
        if (order[i] == i) ++fixed;
      ++counts[std::min(fixed, counts.size() - 1)];
    }
    double statistic = 0, freedom = -1, left = 1;
    for (std::size_t fixed = 0; fixed < counts.size(); ++fixed) {
      const double p = fixed + 1 == counts.size() ? left
                       : fixed > n                ? 0
                                                  : probability_of_fixed_points(fixed, n);
      left -= p;
      if (p < 1e-12) {
        EXPECT_EQ(counts[fixed], 0) << fixed;
        continue;
      }
      statistic += (counts[fixed] - trials * p) * (counts[fixed] - trials * p) / (trials * p);
      ++freedom;
    }
    EXPECT_LT(deviations(statistic, freedom), kAllowed);
  });
}

// The table of counts, number by position, has (n - 1)^2 independent entries.
TEST_P(PermutationStatistics, EveryNumberIsEverywhereAsOften) {
  on_permutations([this](const auto& orders) {
    std::vector<int> counts(n * n);
    for (const auto& order : orders)
      for (std::size_t i = 0; i < n; ++i) ++counts[i * n + order[i]];
    const auto size = static_cast<double>(n);
    EXPECT_LT(
        deviations(pearson(counts, trials / size) * (size - 1) / size, (size - 1) * (size - 1)),
        kAllowed);
    for (std::size_t i = 0; i < n; i += n <= 100 ? 1 : 97) {
      const std::vector<int> row(counts.begin() + static_cast<std::ptrdiff_t>(i * n),
                                 counts.begin() + static_cast<std::ptrdiff_t>((i + 1) * n));
      EXPECT_LT(deviations(pearson(row, trials / size), size - 1), kAllowed) << "position " << i;
    }
  });
}

// What stands at two positions: every pair of numbers, and for many numbers every distance.
TEST_P(PermutationStatistics, PairsAreIndependent) {
  if (n < 3) return;  // one number says all
  on_permutations([this](const auto& orders) {
    for (const auto& positions : std::vector<std::pair<std::size_t, std::size_t>>{
             {0, 1}, {n / 2 - 1, n / 2}, {n - 2, n - 1}, {0, n / 2}, {0, n - 1}}) {
      const std::size_t a = positions.first;
      const std::size_t b = positions.second;
      std::vector<int> pairs(n <= 32 ? n * (n - 1) : 0), distances(n - 1);
      for (const auto& order : orders) {
        const std::size_t distance = (order[b] + n - order[a]) % n - 1;
        ++distances[distance];
        if (!pairs.empty()) ++pairs[order[a] * (n - 1) + distance];
      }
      const auto check = [&](const std::vector<int>& counts) {
        const auto cells = static_cast<double>(counts.size());
        EXPECT_LT(deviations(pearson(counts, trials / cells), cells - 1), kAllowed)
            << "positions " << a << " and " << b << ", " << cells << " cells";
      };
      check(distances);
      if (!pairs.empty()) check(pairs);
    }
  });
}

INSTANTIATE_TEST_SUITE_P(, PermutationStatistics,
                         testing::Values(2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18,
                                         19, 20, 32, 100, 1000),
                         testing::PrintToStringParamName());

// All n! orders of a few numbers come up equally often.
TEST(Permutation, EveryOrderOfAFewIsAsLikely) {
  for (const std::size_t n : std::vector<std::size_t>{2, 3, 4, 5, 6, 7}) {
    std::size_t orders = 1;
    for (std::size_t i = 2; i <= n; ++i) orders *= i;
    for (const bool over_seeds : {true, false}) {
      std::map<std::vector<std::size_t>, int> counts;
      for (const auto& order : permutations_of(n, 40 * static_cast<int>(orders), over_seeds))
        ++counts[order];
      ASSERT_EQ(counts.size(), orders);
      std::vector<int> list;
      for (const auto& [order, count] : counts) list.push_back(count);
      EXPECT_LT(deviations(pearson(list, 40), static_cast<double>(orders) - 1), kAllowed) << n;
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
