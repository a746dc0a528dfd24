// SPDX-License-Identifier: MIT
#include <kindling/kindling.h>

#include "tests/support/devices.h"
#include "tests/support/op_case.h"
#include "tests/support/threads.h"

#include <cmath>

namespace kindling::test {
namespace {

// [..., m, k] x [k, n] or [..., k, n]; a 1-d a is a row, a 1-d b a column.
Array product(const Array& a, const Array& b) {
  const bool row = a.shape.rank() == 1;
  const bool column = b.shape.rank() == 1;
  const std::int64_t k = a.shape[a.shape.rank() - 1];
  const std::int64_t m = row ? 1 : a.shape[a.shape.rank() - 2];
  const std::int64_t n = column ? 1 : b.shape[b.shape.rank() - 1];
  std::vector<std::int64_t> sizes;
  std::int64_t batch = 1;
  for (int d = 0; d < a.shape.rank() - 2; ++d) {
    sizes.push_back(a.shape[d]);
    batch *= a.shape[d];
  }
  if (!row) sizes.push_back(m);
  if (!column) sizes.push_back(n);
  Array c{Shape(std::span<const std::int64_t>(sizes))};
  for (std::int64_t i = 0; i < batch * m; ++i) {
    const std::int64_t b_start = b.shape.rank() > 2 ? i / m * k * n : 0;
    for (std::int64_t j = 0; j < n; ++j) {
      for (std::int64_t p = 0; p < k; ++p) c[i * n + j] += a[i * k + p] * b[b_start + p * n + j];
    }
  }
  return c;
}

const std::pair<Shape, Shape> kMatmulShapes[] = {
    {{1, 1}, {1, 1}},
    {{2, 3}, {3, 4}},
    {{5, 7}, {7, 9}},
    {{1, 13}, {13, 1}},
    {{13, 1}, {1, 13}},
    {{17, 33}, {33, 15}},
    {{3}, {3}},        // a row times a column is a scalar
    {{3}, {3, 4}},     // drops the row
    {{2, 3}, {3}},     // drops the column
    {{0, 3}, {3, 4}},  // no rows
    {{2, 3}, {3, 0}},  // no columns
    {{2, 0}, {0, 4}},  // nothing to sum: zeros
    {{0}, {0}},
    {{2, 3, 4}, {4, 5}},  // batches share b
    {{2, 3, 4}, {4}},
    {{2, 3, 4}, {2, 4, 5}},  // batches of their own
    {{1, 3, 4}, {1, 4, 5}},
    {{2, 3, 2, 4}, {2, 3, 4, 5}},
    {{0, 3, 4}, {0, 4, 5}},
    {{64, 64}, {64, 64}},
    {{130, 70}, {70, 190}},
    {{600, 3}, {3, 600}},  // more than one block of the output
    {{3, 1000}, {1000, 3}},
};

std::vector<OpCase> matmul_cases() {
  std::vector<OpCase> cases;
  for (const auto& [a, b] : kMatmulShapes) {
    const std::int64_t k = std::max<std::int64_t>(a[a.rank() - 1], 1);
    const std::int64_t longest = std::max<std::int64_t>(a.numel(), b.numel()) / k;
    const auto other = static_cast<double>(longest);
    // Sums of k products of numbers up to 2; those of the gradients are as long as the other sizes.
    const double root_k = std::sqrt(static_cast<double>(k));
    const double root = std::sqrt(other);
    cases.push_back({.name = "matmul_" + name_of(a) + "_" + name_of(b),
                     .inputs = {spread(a, -2, 2, 1), spread(b, -2, 2, 2)},
                     .op = [](const auto& in) { return matmul(in[0], in[1]); },
                     .reference = [](const auto& in) { return product(in[0], in[1]); },
                     .differentiable = {0, 1},
                     .value32 = {1e-6, 1e-6 * root_k},
                     .value64 = {1e-14, 2e-15 * root_k},
                     .grad32 = {2e-6, 2e-6 * root},
                     .grad64 = {1e-8, 1e-8 * root * root_k}});
  }
  return cases;
}
INSTANTIATE_TEST_SUITE_P(Matmul, OpTest, testing::ValuesIn(matmul_cases()), case_name);

TEST(Matmul, IsTheSameForAnyNumberOfThreads) {
  const OnCpu on_cpu;
  for (const DType dtype : kDTypes) {
    for (const auto& [a_shape, b_shape] : {std::pair{Shape(301, 203), Shape(203, 257)},
                                           {Shape(7, 2000), Shape(2000, 900)},
                                           {Shape(3, 129, 65), Shape(3, 65, 130)}}) {
      manual_seed(3);
      const Tensor a = randn(a_shape, {.dtype = dtype, .requires_grad = true});
      const Tensor b = randn(b_shape, {.dtype = dtype, .requires_grad = true});
      const auto run = [&](int threads) {
        const ThreadCount count(threads);
        const Tensor x = a.detach().set_requires_grad(true);
        const Tensor y = b.detach().set_requires_grad(true);
        const Tensor c = matmul(x, y);
        c.backward(ones(c.shape(), {.dtype = dtype}));
        return std::vector<Tensor>{c.detach(), x.grad(), y.grad()};
      };
      const std::vector<Tensor> one = run(1);
      for (const int threads : {2, 3, 5}) {
        const std::vector<Tensor> many = run(threads);
        for (std::size_t i = 0; i < one.size(); ++i) EXPECT_TRUE(same_bits(many[i], one[i]));
      }
    }
  }
}

TEST(Matmul, KeepsNaNAndInfinity) {
  const double infinity = std::numeric_limits<double>::infinity();
  const Tensor a = tensor({{0, 1}, {infinity, 1}});
  const Tensor c = matmul(a, tensor({{0, 1}, {1, 1}}));
  EXPECT_EQ(c[0].to_vector<double>(), (std::vector<double>{1, 1}));
  EXPECT_TRUE(std::isnan(c[1][0].item()));  // infinity times 0
  EXPECT_EQ(c[1][1].item(), infinity);
}

}  // namespace
}  // namespace kindling::test
