// SPDX-License-Identifier: MIT
#include "tests/kernels/kernel_test.h"

#include <limits>

namespace kindling::test {
namespace {

using namespace kernels;

struct SoftmaxSizes {
  std::int64_t rows, row_size;
};

const std::vector<SoftmaxSizes> kAllSizes = {{0, 3},  {2, 0},    {1, 1},     {5, 10},
                                             {3, 17}, {2, 2000}, {1, 70001}, {2000, 10}};

/// softmax (or its logarithm) of the rows of x, in long double.
std::vector<double> reference(const std::vector<double>& x, const SoftmaxSizes& s, bool log) {
  std::vector<double> y(x.size());
  for (std::int64_t r = 0; r < s.rows; ++r) {
    const auto at = [&](std::int64_t k) { return static_cast<std::size_t>(r * s.row_size + k); };
    long double largest = -std::numeric_limits<long double>::infinity(), total = 0;
    for (std::int64_t k = 0; k < s.row_size; ++k)
      largest = std::max(largest, static_cast<long double>(x[at(k)]));
    for (std::int64_t k = 0; k < s.row_size; ++k)
      total += std::exp(static_cast<long double>(x[at(k)]) - largest);
    for (std::int64_t k = 0; k < s.row_size; ++k) {
      const long double shifted = static_cast<long double>(x[at(k)]) - largest;
      y[at(k)] = static_cast<double>(log ? shifted - std::log(total) : std::exp(shifted) / total);
    }
  }
  return y;
}

template <class T>
class SoftmaxOf : public testing::Test {};
using Types = testing::Types<float, double>;
TYPED_TEST_SUITE(SoftmaxOf, Types);

TYPED_TEST(SoftmaxOf, FollowsItsDefinitionAlsoForLargeInputs) {
  using T = TypeParam;
  on_every_backend([](Backend& backend) {
    for (const SoftmaxSizes& s : kAllSizes)
      for (const bool log : {false, true})
        for (const double offset : {0.0, 3000.0}) {
          const std::vector<T> x = spread<T>(s.rows * s.row_size, offset - 4, offset + 4);
          Buffer<T> in(backend, x);
          const auto y = run_kernel<T>(backend, std::vector<T>(x.size(), T(NAN)), [&](View out) {
            run(backend, Softmax{in.view(), out, s.row_size, log});
          });
          expect_near(y, reference({x.begin(), x.end()}, s, log), 4 * kFewRoundings<T>,
                      kFewRoundings<T> * (log ? 4 : 1e-3));
        }
  });
}

TYPED_TEST(SoftmaxOf, BackwardIsTheDerivative) {
  using T = TypeParam;
  on_every_backend([](Backend& backend) {
    for (const SoftmaxSizes& s : kAllSizes)
      for (const bool log : {false, true})
        for (const bool accumulate : {false, true}) {
          const std::vector<T> x = spread<T>(s.rows * s.row_size, -3, 3);
          const std::vector<T> g = spread<T>(s.rows * s.row_size, -1, 1, 5);
          const std::vector<double> y = reference({x.begin(), x.end()}, s, log);
          std::vector<double> expected(x.size());
          for (std::int64_t r = 0; r < s.rows; ++r) {
            const auto at = [&](std::int64_t k) {
              return static_cast<std::size_t>(r * s.row_size + k);
            };
            double total = 0;
            for (std::int64_t k = 0; k < s.row_size; ++k)
              total += static_cast<double>(g[at(k)]) * (log ? 1 : y[at(k)]);
            for (std::int64_t k = 0; k < s.row_size; ++k) {
              const auto grad = static_cast<double>(g[at(k)]);
              expected[at(k)] =
                  (log ? grad - std::exp(y[at(k)]) * total : y[at(k)] * (grad - total)) +
                  (accumulate ? 1 : 0);
            }
          }
          Buffer<T> y_buffer(backend, std::vector<T>(y.begin(), y.end())), g_buffer(backend, g);
          const auto grad = run_kernel<T>(
              backend, std::vector<T>(x.size(), accumulate ? T(1) : T(NAN)), [&](View out) {
                run(backend, SoftmaxBackward{y_buffer.view(), g_buffer.view(), out, s.row_size, log,
                                             accumulate});
              });
          expect_near(grad, expected, 10 * kFewRoundings<T>, 2 * kFewRoundings<T>);
        }
  });
}

TYPED_TEST(SoftmaxOf, InfinityMasksAndNaNSpreadsOverItsRow) {
  using T = TypeParam;
  on_every_backend([](Backend& backend) {
    const T inf = T(INFINITY), nan = T(NAN);
    Buffer<T> in(backend, std::vector<T>{0, -inf, 0, 1, nan, 2});
    const auto y = run_kernel<T>(backend, std::vector<T>(6), [&](View out) {
      run(backend, Softmax{in.view(), out, 3, false});
    });
    expect_near(y, {0.5, 0, 0.5, NAN, NAN, NAN}, kFewRoundings<T>);
  });
}

}  // namespace
}  // namespace kindling::test
