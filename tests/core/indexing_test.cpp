// SPDX-License-Identifier: MIT
#include <kindling/core/ops.h>

#include "tests/support/devices.h"
#include "tests/support/expect_error.h"
#include "tests/support/op_case.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

namespace kindling::test {
namespace {

// The offset in `shape` of an index whose coordinate along dim is `at`.
std::int64_t offset_of(const Shape& shape, std::vector<std::int64_t> index, int dim,
                       std::int64_t at) {
  index[static_cast<std::size_t>(dim)] = at;
  std::int64_t offset = 0;
  for (int d = 0; d < shape.rank(); ++d)
    offset = offset * shape[d] + index[static_cast<std::size_t>(d)];
  return offset;
}

OpCase selected_case(const Shape& shape, int dim, const std::vector<double>& index) {
  const int d = dim < 0 ? dim + shape.rank() : dim;
  return {
      .name = message("index_select_", name_of(shape), "_along", d, "_", index.size(),
                      dim < 0 ? "_from_end" : ""),
      .inputs = {spread(shape, -2, 2), Array(Shape(index.size()), index)},
      .op = [=](const auto& in) { return index_select(in[0], dim, in[1]); },
      .reference =
          [=](const auto& in) {
            Shape to = shape;
            to[d] = in[1].numel();
            Array y(to);
            for (std::int64_t i = 0; i < y.numel(); ++i) {
              const auto at = index_of(to, i);
              y[i] = in[0][offset_of(
                  shape, at, d, static_cast<std::int64_t>(in[1][at[static_cast<std::size_t>(d)]]))];
            }
            return y;
          },
      .differentiable = {0}};
}

OpCase gather_case(const Shape& shape, int dim, std::int64_t chosen) {
  const int d = dim < 0 ? dim + shape.rank() : dim;
  Shape to = shape;
  to[d] = chosen;
  Array index(to);
  for (std::int64_t i = 0; i < index.numel(); ++i)
    index[i] = static_cast<double>((i * i + 3 * i) % shape[d]);
  return {
      .name =
          message("gather_", name_of(shape), "_along", d, "_", chosen, dim < 0 ? "_from_end" : ""),
      .inputs = {spread(shape, -2, 2), index},
      .op = [=](const auto& in) { return gather(in[0], dim, in[1].to(int64)); },
      .reference =
          [=](const auto& in) {
            Array y(to);
            for (std::int64_t i = 0; i < y.numel(); ++i)
              y[i] =
                  in[0][offset_of(shape, index_of(to, i), d, static_cast<std::int64_t>(in[1][i]))];
            return y;
          },
      .differentiable = {0}};
}

std::vector<OpCase> indexing_cases() {
  std::vector<OpCase> cases;
  for (int dim = -3; dim < 3; ++dim) {
    cases.push_back(selected_case({2, 5, 3}, dim, {1, 0, 1}));
    for (const std::int64_t chosen : {0, 1, 4})
      cases.push_back(gather_case({2, 5, 3}, dim, chosen));
  }
  cases.push_back(selected_case({3, 4}, 1, {}));
  cases.push_back(selected_case({4, 70, 5}, 1, {69, 0, 69, 3}));
  cases.push_back(selected_case({2, 3, 130}, 1, {2, 2, 0, 1}));
  cases.push_back(selected_case({2, 3, 130}, 2, {129, 7}));
  cases.push_back(gather_case({130}, 0, 200));
  cases.push_back(gather_case({3, 70, 40}, 1, 90));
  cases.push_back(gather_case({70, 33}, 1, 5));
  return cases;
}
INSTANTIATE_TEST_SUITE_P(Indexing, OpTest, testing::ValuesIn(indexing_cases()), case_name);

std::vector<std::int64_t> order_of(const Tensor& x) { return x.to_vector<std::int64_t>(); }

TEST(Sort, IsTheStableOrder) {
  for (const DType dtype : kDTypes)
    for (const std::int64_t n : {0, 1, 2, 31, 32, 33, 64, 65, 100, 257, 1000})
      for (const bool descending : {false, true}) {
        constexpr std::int64_t rows = 3;
        Array x = spread({rows, n}, -3, 3);
        for (double& value : x.values) value = std::floor(value);  // many are equal
        std::vector<std::int64_t> expected;
        for (std::int64_t r = 0; r < rows; ++r) {
          std::vector<std::int64_t> order(static_cast<std::size_t>(n));
          std::iota(order.begin(), order.end(), 0);
          std::stable_sort(order.begin(), order.end(), [&](std::int64_t a, std::int64_t b) {
            return descending ? x[r * n + a] > x[r * n + b] : x[r * n + a] < x[r * n + b];
          });
          expected.insert(expected.end(), order.begin(), order.end());
        }
        const Tensor keys = from_data(x.values, x.shape).to(dtype);
        EXPECT_EQ(order_of(argsort(keys, 1, descending)), expected) << n;
        EXPECT_EQ(order_of(argsort(keys.to(int64), -1, descending)), expected) << n;
      }
}

TEST(Sort, PutsNaNAboveAllNumbers) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const double infinity = std::numeric_limits<double>::infinity();
  for (const DType dtype : kDTypes) {
    const Tensor x = tensor({nan, 1, infinity, nan, -infinity, 0, -0.0}, {.dtype = dtype});
    EXPECT_EQ(order_of(argsort(x)), (std::vector<std::int64_t>{4, 5, 6, 1, 2, 0, 3}));
    EXPECT_EQ(order_of(argsort(x, 0, true)), (std::vector<std::int64_t>{0, 3, 2, 1, 5, 6, 4}));
  }
}

TEST(Sort, GivesValuesWhoseGradientsGoBack) {
  const Tensor x = tensor({{3, 1, 2}, {-1, 5, 0}}, {.requires_grad = true});
  const auto [values, indices] = sort(x);
  EXPECT_TRUE(same(values, {{2, 3}, {1, 2, 3, -1, 0, 5}}));
  EXPECT_EQ(order_of(indices), (std::vector<std::int64_t>{1, 2, 0, 0, 2, 1}));
  (values * tensor({10, 20, 30})).sum().backward();
  EXPECT_TRUE(same(x.grad(), {{2, 3}, {30, 10, 20, 10, 30, 20}}));
  const Sorted columns = sort(x.detach(), 0, true);
  EXPECT_TRUE(same(columns.values, {{2, 3}, {3, 5, 2, -1, 1, 0}}));
  EXPECT_EQ(order_of(columns.indices), (std::vector<std::int64_t>{0, 1, 0, 1, 0, 1}));
}

TEST(TopK, TakesTheLargestOrSmallest) {
  const Tensor x = tensor({{3, 1, 2, 9}, {-1, 5, 0, 5}});
  const auto [values, indices] = topk(x, 2);
  EXPECT_TRUE(same(values, {{2, 2}, {9, 3, 5, 5}}));
  EXPECT_EQ(order_of(indices), (std::vector<std::int64_t>{3, 0, 1, 3}));
  EXPECT_TRUE(same(topk(x, 1, 1, false).values, {{2, 1}, {1, -1}}));
  EXPECT_TRUE(same(topk(x, 1, 0).values, {{1, 4}, {3, 5, 2, 9}}));
  EXPECT_EQ(topk(x, 0).values.shape(), Shape(2, 0));
  expect_error<ValueError>("topk: k 5: dimension 1 of [2, 4] has 4", [&] { topk(x, 5); });
  expect_error<ValueError>("topk: k -1: dimension 1 of [2, 4] has 4", [&] { topk(x, -1); });
}

TEST(Indexing, RefusesWhatDoesNotFit) {
  const Tensor x = zeros({2, 3});
  expect_error<ShapeError>(
      "gather: index [2, 2] does not fit [2, 3]: they may differ in dimension "
      "0 only",
      [&] {
        gather(x, 0, zeros({2, 2}));
      });
  expect_error<ShapeError>(
      "gather: index [2] does not fit [2, 3]: they may differ in dimension 0 "
      "only",
      [&] { gather(x, 0, zeros({2})); });
  expect_error<ShapeError>("index_select: dimension 2 does not exist in [2, 3]: expected -2 to 1",
                           [&] { index_select(x, 2, zeros({2})); });
  expect_error<ShapeError>("argsort: dimension 0 does not exist in []: a scalar has none",
                           [] { argsort(zeros({}), 0); });
  const Tensor wrong = full({2, 1}, 3);
  if (default_device().is_cuda()) {
    EXPECT_TRUE(std::isnan(gather(x, 1, wrong)[0].item()));
  } else {
    expect_error<ValueError>("gather: index 3 at 0: expected whole numbers from 0 to 2",
                             [&] { gather(x, 1, wrong); });
  }
}

TEST(Indexing, MembersAreTheSameFunctions) {
  const Tensor x = tensor({{3, 1}, {2, 4}});
  const Tensor index = tensor({{1, 0}}, {.dtype = int64});
  EXPECT_TRUE(same_bits(x.gather(0, index), gather(x, 0, index)));
  EXPECT_TRUE(same_bits(x.index_select(1, index[0]), index_select(x, 1, index[0])));
  EXPECT_TRUE(same_bits(x.argsort(0, true).to(float32), argsort(x, 0, true).to(float32)));
}

}  // namespace
}  // namespace kindling::test
