// SPDX-License-Identifier: MIT
#include "tests/kernels/kernel_test.h"

namespace kindling::test {
namespace {

using namespace kernels;

struct ReductionSizes {
  std::int64_t outer, count, inner;
  std::int64_t numel() const { return outer * count * inner; }
  std::int64_t reduced() const { return outer * inner; }
};

std::vector<ReductionSizes> all_sizes() {
  std::vector<ReductionSizes> sizes = {{3, 0, 1},     {3, 0, 2},     {0, 3, 1},      {2, 3, 0},
                                       {5, 10, 1},    {128, 10, 1},  {3, 7, 5},      {1, 100, 130},
                                       {1, 20000, 3}, {40, 1000, 2}, {2, 300000, 1}, {1, 700, 300},
                                       {500, 300, 1}, {5000, 3, 2}};
  for (const std::int64_t n : kSizes) sizes.push_back({1, n, 1});
  return sizes;
}

template <class T>
class Reduce : public testing::Test {};
using Types = testing::Types<float, double>;
TYPED_TEST_SUITE(Reduce, Types);

TYPED_TEST(Reduce, SumAgreesWithLongDouble) {
  using T = TypeParam;
  on_every_backend([](Backend& backend) {
    for (const ReductionSizes& s : all_sizes()) {
      SCOPED_TRACE(testing::Message() << s.outer << " x " << s.count << " x " << s.inner);
      const std::vector<T> x = spread<T>(s.numel(), -1, 2);
      Buffer<T> in(backend, x);
      for (const bool accumulate : {false, true}) {
        std::vector<double> expected;
        for (std::int64_t o = 0; o < s.outer; ++o)
          for (std::int64_t i = 0; i < s.inner; ++i) {
            long double total = 0;
            for (std::int64_t k = 0; k < s.count; ++k)
              total += static_cast<long double>(
                  x[static_cast<std::size_t>((o * s.count + k) * s.inner + i)]);
            expected.push_back(static_cast<double>(total * 0.5L + (accumulate ? 4 : 0)));
          }
        const std::vector<T> before(expected.size(), accumulate ? T(4) : T(NAN));
        const auto y = run_kernel<T>(backend, before, [&](View out) {
          run(backend, Sum{in.view(), out, s.outer, s.count, s.inner, 0.5, accumulate});
        });
        expect_near(y, expected, kFewRoundings<T>, kFewRoundings<T> * 4);
      }
    }
  });
}

// 2^25 ones: a plain float sum stops at 2^24.
TEST(Sum, OfManyFloatsIsAccurate) {
  on_every_backend([](Backend& backend) {
    Buffer<float> ones(backend, std::int64_t{1} << 25, 1.0f);
    const auto y = run_kernel<float>(backend, std::vector<float>(1), [&](View out) {
      run(backend, Sum{ones.view(), out, 1, std::int64_t{1} << 25, 1});
    });
    EXPECT_EQ(y[0], 0x1p25f);
  });
}

// So long and wide that the parts of a GPU's sum need more than the least memory for them.
TEST(Sum, OfLongColumnsHasRoomForItsParts) {
  on_every_backend([](Backend& backend) {
    constexpr std::int64_t kRows = 133120, kColumns = 32;
    const Buffer<float> ones(backend, kRows * kColumns, 1.0f);
    const Buffer<float> sums(backend, kColumns);
    run(backend, Sum{ones.view(), sums.view(), 1, kRows, kColumns});
    EXPECT_EQ(sums.values(), std::vector<float>(kColumns, kRows));
  });
}

TEST(Sum, KeepsNaNAndInfinity) {
  on_every_backend([](Backend& backend) {
    for (const float odd : {NAN, INFINITY}) {
      std::vector<float> x(1000, 1.0f);
      x[517] = odd;
      Buffer<float> in(backend, x);
      const auto y = run_kernel<float>(backend, std::vector<float>(1), [&](View out) {
        run(backend, Sum{in.view(), out, 1, 1000, 1});
      });
      expect_near(y, {static_cast<double>(odd)}, 0);
    }
  });
}

TYPED_TEST(Reduce, ExpandRepeats) {
  using T = TypeParam;
  on_every_backend([](Backend& backend) {
    for (const ReductionSizes& s : all_sizes()) {
      const std::vector<T> y = spread<T>(s.reduced(), -1, 2);
      Buffer<T> in(backend, y);
      for (const bool accumulate : {false, true}) {
        std::vector<double> expected;
        for (std::int64_t i = 0; i < s.numel(); ++i) {
          const std::int64_t from = i / (s.count * s.inner) * s.inner + i % s.inner;
          expected.push_back(static_cast<double>(y[static_cast<std::size_t>(from)]) * 0.25 +
                             (accumulate ? 4 : 0));
        }
        const std::vector<T> before(expected.size(), accumulate ? T(4) : T(NAN));
        const auto x = run_kernel<T>(backend, before, [&](View out) {
          run(backend, Expand{in.view(), out, s.outer, s.count, s.inner, 0.25, accumulate});
        });
        expect_near(x, expected, kFewRoundings<T>);
      }
    }
  });
}

TYPED_TEST(Reduce, ArgmaxIsTheFirstLargestAndNaNIsLargest) {
  using T = TypeParam;
  on_every_backend([](Backend& backend) {
    const T nan = T(NAN);
    Buffer<T> rows(backend, std::vector<T>{1, 3, 3, 2, -1, -1, -2, -3, 5, nan, 9, nan});
    EXPECT_EQ(run_kernel<std::int64_t>(backend, std::vector<std::int64_t>(3),
                                       [&](View out) {
                                         run(backend, Argmax{rows.view(), out, 3, 4, 1});
                                       }),
              (std::vector<std::int64_t>{1, 0, 1}));
    EXPECT_EQ(run_kernel<std::int64_t>(backend, std::vector<std::int64_t>(4),
                                       [&](View out) {
                                         run(backend, Argmax{rows.view(), out, 1, 3, 4});
                                       }),
              (std::vector<std::int64_t>{2, 2, 2, 2}));
    Buffer<T> long_row(backend, spread<T>(70001, -1, 1));
    const auto values = long_row.values();
    const auto at = std::max_element(values.begin(), values.end()) - values.begin();
    EXPECT_EQ(run_kernel<std::int64_t>(backend, std::vector<std::int64_t>(1),
                                       [&](View out) {
                                         run(backend, Argmax{long_row.view(), out, 1, 70001, 1});
                                       })[0],
              at);
  });
}

}  // namespace
}  // namespace kindling::test
