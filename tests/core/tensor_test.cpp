// SPDX-License-Identifier: MIT
#include <kindling/kindling.h>

#include "tests/support/array.h"
#include "tests/support/devices.h"
#include "tests/support/expect_error.h"

#include <type_traits>
#include <utility>

namespace kindling::test {
namespace {

TEST(Tensor, DescribesItself) {
  const OnCpu on_cpu;
  const Tensor x = zeros({2, 3, 4}, {.dtype = DType::float64});
  EXPECT_EQ(x.dim(), 3);
  EXPECT_EQ(x.numel(), 24);
  EXPECT_EQ(x.size(0), 2);
  EXPECT_EQ(x.size(-1), 4);
  EXPECT_EQ(x.size(-3), 2);
  EXPECT_EQ(x.dtype(), DType::float64);
  EXPECT_EQ(x.device(), Device::cpu());
  EXPECT_TRUE(x.defined());
  expect_error<ShapeError>("size: dimension 3 does not exist in [2, 3, 4]: expected -3 to 2",
                           [&] { return x.size(3); });
  expect_error<ShapeError>("size: dimension -4 does not exist in [2, 3, 4]: expected -3 to 2",
                           [&] { return x.size(-4); });
}

TEST(Tensor, HandsOutItsValues) {
  for (const Device device : available_devices()) {
    const Tensor x = tensor({{1, 2}, {3, 4}}).to(device);
    EXPECT_EQ(x.to_vector<float>(), (std::vector<float>{1, 2, 3, 4}));
    EXPECT_EQ(x.to_vector<double>(), (std::vector<double>{1, 2, 3, 4}));
    EXPECT_EQ(x[1][0].item(), 3);
    EXPECT_EQ(x.narrow(0, 1, 1).narrow(1, 1, 1).item(), 4);  // one element, of any rank
  }
  expect_error<ShapeError>(
      "item: a tensor of shape [2] has not exactly one element: use to_vector() or index it",
      [] { return zeros({2}).item(); });
  expect_error<ShapeError>(
      "item: a tensor of shape [0] has not exactly one element: use to_vector() or index it",
      [] { return zeros({0}).item(); });
}

TEST(Tensor, DataChecksTheType) {
  const OnCpu on_cpu;
  const Tensor x = tensor({1, 2});
  EXPECT_EQ(x.data<float>()[1], 2);
  EXPECT_EQ(x.data<const float>()[1], 2);
  expect_error<DTypeError>(
      "data: the tensor holds float32, not float64: use to(float64) or the other type",
      [&] { return x.data<double>(); });
  expect_error<DTypeError>(
      "data: the tensor holds float64, not float32: use to(float32) or the other type",
      [&] { return x.to(DType::float64).data<const float>(); });
}

TEST(Tensor, ACopyIsTheSameTensorAndCloneIsNot) {
  const Tensor x = tensor({1, 2});
  const Tensor copy = x;
  const Tensor clone = x.clone();
  x.fill_(7);
  EXPECT_TRUE(same(copy, {{2}, {7, 7}}));
  EXPECT_TRUE(same(clone, {{2}, {1, 2}}));
}

TEST(Tensor, ConstIsShallow) {
  const Tensor x = tensor({1, 2});
  x.set_requires_grad(true);
  (x * x).sum().backward();
  EXPECT_TRUE(same(x.grad(), {{2}, {2, 4}}));
  x.set_requires_grad(false);
  x.copy_(tensor({3, 4}));
  EXPECT_TRUE(same(x, {{2}, {3, 4}}));
}

TEST(Tensor, ViewsShareMemory) {
  const Tensor x = arange(6).reshape({3, 2});
  const Tensor row = x[1];
  const Tensor rows = x.narrow(0, 1, 2);
  const Tensor flat = x.reshape({-1});
  const Tensor cut_off = x.detach();
  row.fill_(9);
  EXPECT_TRUE(same(x, {{3, 2}, {0, 1, 9, 9, 4, 5}}));
  EXPECT_TRUE(same(rows, {{2, 2}, {9, 9, 4, 5}}));
  EXPECT_TRUE(same(flat, {{6}, {0, 1, 9, 9, 4, 5}}));
  EXPECT_TRUE(same(cut_off, {{3, 2}, {0, 1, 9, 9, 4, 5}}));
  rows[1].fill_(8);  // a view of a view
  EXPECT_TRUE(same(x, {{3, 2}, {0, 1, 9, 9, 8, 8}}));
}

TEST(Tensor, OtherResultsDoNot) {
  const Tensor x = arange(6).reshape({3, 2});
  const Tensor column = x.narrow(1, 0, 1);
  const Tensor turned = x.transpose(0, 1);
  const Tensor chosen = x.index_select(tensor({0}));
  x.fill_(9);
  EXPECT_TRUE(same(column, {{3, 1}, {0, 2, 4}}));
  EXPECT_TRUE(same(turned, {{2, 3}, {0, 2, 4, 1, 3, 5}}));
  EXPECT_TRUE(same(chosen, {{1, 2}, {0, 1}}));
}

TEST(Tensor, ViewsOutliveTheirBase) {
  Tensor x = tensor({{1, 2}, {3, 4}});
  const Tensor row = x[1];
  x = Tensor();
  EXPECT_TRUE(same(row, {{2}, {3, 4}}));
}

TEST(Tensor, RowsCountFromTheEndToo) {
  const Tensor x = tensor({{1, 2}, {3, 4}, {5, 6}});
  EXPECT_TRUE(same(x[0], {{2}, {1, 2}}));
  EXPECT_TRUE(same(x[-1], {{2}, {5, 6}}));
  EXPECT_TRUE(same(x[1][1], {{}, {4}}));
  expect_error<ShapeError>("operator[]: row 3 does not exist in [3, 2]", [&] { return x[3]; });
  expect_error<ShapeError>("operator[]: row -4 does not exist in [3, 2]", [&] { return x[-4]; });
  expect_error<ShapeError>("operator[]: a scalar has no rows: use item()",
                           [] { return tensor(1)[0]; });
}

TEST(Tensor, MovesAndSwaps) {
  Tensor x = tensor({1});
  Tensor y = std::move(x);
  EXPECT_FALSE(x.defined());  // NOLINT(bugprone-use-after-move): that is the question
  x = tensor({2});
  std::swap(x, y);
  EXPECT_EQ(x.item(), 1);
  EXPECT_EQ(y.item(), 2);
}

// x[i] = y would only rename a temporary.
static_assert(!std::is_assignable_v<Tensor, Tensor>);
static_assert(!std::is_assignable_v<Tensor, const Tensor&>);
static_assert(std::is_nothrow_move_assignable_v<Tensor>);

TEST(Allclose, ComparesWithBothTolerances) {
  const Tensor x = tensor({1, 100}, {.dtype = DType::float64});
  EXPECT_TRUE(allclose(x, x));
  EXPECT_TRUE(allclose(x + 1e-9, x));
  EXPECT_FALSE(allclose(x + 1e-3, x));
  EXPECT_TRUE(allclose(x + 1e-3, x, 0, 2e-3));
  EXPECT_TRUE(allclose(x * 1.01, x, 0.02, 0));
  EXPECT_FALSE(allclose(x * 1.01, x, 0.005, 0));
}

TEST(Allclose, OfNaNAndInfinity) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const double infinity = std::numeric_limits<double>::infinity();
  EXPECT_FALSE(allclose(tensor(nan), tensor(nan)));
  EXPECT_TRUE(allclose(tensor(nan), tensor(nan), 1e-5, 1e-8, true));
  EXPECT_FALSE(allclose(tensor(nan), tensor(1), 1e-5, 1e-8, true));
  EXPECT_TRUE(allclose(tensor(infinity), tensor(infinity)));
  EXPECT_FALSE(allclose(tensor(1), tensor(infinity)));
  EXPECT_FALSE(allclose(tensor(-infinity), tensor(infinity)));
  EXPECT_TRUE(allclose(zeros({0}), zeros({0})));
}

}  // namespace
}  // namespace kindling::test
