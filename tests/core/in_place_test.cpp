// SPDX-License-Identifier: MIT
#include <kindling/kindling.h>

#include "tests/support/array.h"
#include "tests/support/devices.h"
#include "tests/support/expect_error.h"
#include "tests/support/guarded.h"

#include <array>
#include <span>

namespace kindling::test {
namespace {

TEST(InPlace, Fill) {
  for (const Device device : available_devices()) {
    for (const DType dtype : kDTypes) {
      const Tensor x = empty({3}, {.dtype = dtype, .device = device});
      EXPECT_TRUE(same(x.fill_(2.5), {{3}, {2.5, 2.5, 2.5}}));
      EXPECT_TRUE(same(x.zero_(), {{3}, {0, 0, 0}}));
    }
  }
}

TEST(InPlace, ArithmeticWithTensorsAndNumbers) {
  for (const Device device : available_devices()) {
    for (const DType dtype : kDTypes) {
      const TensorOptions options{.dtype = dtype, .device = device};
      const Tensor x = tensor({{1, 2}, {3, 4}}, options);
      x += tensor({10, 20}, options);  // broadcast
      EXPECT_TRUE(same(x, {{2, 2}, {11, 22, 13, 24}}));
      x -= tensor({{1, 2}, {3, 4}}, options);
      EXPECT_TRUE(same(x, {{2, 2}, {10, 20, 10, 20}}));
      x *= tensor({{2}, {4}}, options);
      EXPECT_TRUE(same(x, {{2, 2}, {20, 40, 40, 80}}));
      x /= tensor(4, options);
      EXPECT_TRUE(same(x, {{2, 2}, {5, 10, 10, 20}}));
      x += 1.0;
      x *= 2.0;
      x -= 2.0;
      x /= 5.0;
      EXPECT_TRUE(same(x, {{2, 2}, {2, 4, 4, 8}}));
      EXPECT_TRUE(same(x[1] += x[0], {{2}, {6, 12}}));
      EXPECT_TRUE(same(x, {{2, 2}, {2, 4, 6, 12}}));
    }
  }
}

TEST(InPlace, StaysInsideItsMemory) {
  for (const std::int64_t count : {1, 3, 7, 33, 1001}) {
    for (const DType dtype : kDTypes) {
      Guarded x(Array(Shape(count)), dtype, default_device());
      x.tensor().fill_(4);
      x.tensor() += ones({count}, {.dtype = dtype});
      x.tensor() *= 2.0;
      x.tensor() /= full({count}, 5, {.dtype = dtype});
      x.tensor() -= 2.0;
      EXPECT_TRUE(x.intact());
      x.tensor().copy_(zeros({count}));
      EXPECT_TRUE(x.intact());
    }
  }
}

TEST(InPlace, Copy) {
  for (const Device device : available_devices()) {
    for (const DType dtype : kDTypes) {
      const Tensor x = zeros({2, 2}, {.dtype = dtype, .device = device});
      x.copy_(tensor({{1, 2}, {3, 4}}));  // another device, another dtype
      EXPECT_TRUE(same(x, {{2, 2}, {1, 2, 3, 4}}));
      x.copy_(tensor({{5, 6}, {7, 8}}, {.dtype = DType::float64}));
      EXPECT_TRUE(same(x, {{2, 2}, {5, 6, 7, 8}}));
      const std::array<float, 4> singles{4, 3, 2, 1};
      x.copy_(singles);
      EXPECT_TRUE(same(x, {{2, 2}, {4, 3, 2, 1}}));
      x.copy_(std::vector<double>{1, 1, 2, 2});
      EXPECT_TRUE(same(x, {{2, 2}, {1, 1, 2, 2}}));
      x[0].copy_(x[1]);
      EXPECT_TRUE(same(x, {{2, 2}, {2, 2, 2, 2}}));
    }
  }
}

// What is read must be what was there before, also where both are parts of one tensor.
TEST(InPlace, OperandsMayOverlap) {
  for (const DType dtype : kDTypes) {
    const auto numbers = [&] { return arange(6, {.dtype = dtype}).reshape({3, 2}); };
    Tensor x = numbers();
    x -= x[0];
    EXPECT_TRUE(same(x, {{3, 2}, {0, 0, 2, 2, 4, 4}}));
    x = numbers() + 1;
    x *= x[2][1];
    EXPECT_TRUE(same(x, {{3, 2}, {6, 12, 18, 24, 30, 36}}));
    x = numbers();
    x += x;
    EXPECT_TRUE(same(x, {{3, 2}, {0, 2, 4, 6, 8, 10}}));
    x = numbers();
    x.narrow(0, 1, 2) += x.narrow(0, 0, 2);
    EXPECT_TRUE(same(x, {{3, 2}, {0, 1, 2, 4, 6, 8}}));
    x = numbers();
    x.narrow(0, 1, 2).copy_(x.narrow(0, 0, 2));
    EXPECT_TRUE(same(x, {{3, 2}, {0, 1, 0, 1, 2, 3}}));
    x = arange(100000, {.dtype = dtype});
    x.narrow(0, 1, 99999).copy_(x.narrow(0, 0, 99999));
    EXPECT_EQ(x[99999].item(), 99998);
    EXPECT_EQ(x[50000].item(), 49999);
    x.narrow(0, 0, 99999).copy_(x.narrow(0, 1, 99999));
    EXPECT_EQ(x[50000].item(), 50000);
  }
}

TEST(InPlace, CopiesASpanOfItsOwnMemory) {
  const OnCpu on_cpu;
  const Tensor x = tensor({1, 2, 3, 4, 5});
  x.narrow(0, 1, 4).copy_(std::span<const float>(x.data<float>(), 4));
  EXPECT_TRUE(same(x, {{5}, {1, 1, 2, 3, 4}}));
}

TEST(InPlace, ErrorsLeaveTheTensorAlone) {
  const Tensor x = tensor({{1, 2}, {3, 4}});
  expect_error<ShapeError>("copy_: source [2] does not fit [2, 2]",
                           [&] { return x.copy_(zeros({2})); });
  expect_error<ShapeError>("copy_: 3 values do not fill a tensor of shape [2, 2]",
                           [&] { return x.copy_(std::vector<float>(3)); });
  expect_error<ShapeError>("copy_: 5 values do not fill a tensor of shape [2, 2]",
                           [&] { return x.copy_(std::vector<double>(5)); });
  expect_error<ShapeError>(
      "add: shapes [2, 2] and [3] do not broadcast: sizes 2 and 3 of dimension -1 must be equal, "
      "or "
      "one of them 1",
      [&] { return x += zeros({3}); });
  expect_error<ShapeError>("mul: [3, 2, 2] does not broadcast into [2, 2]", [&] {
    return x *= zeros({3, 2, 2});
  });
  expect_error<ShapeError>("div: [2, 2] does not broadcast into [1, 2]",
                           [&] { return x.narrow(0, 0, 1) /= x; });
  expect_error<DTypeError>("sub: dtypes differ: float32 and float64: convert one with to(float32)",
                           [&] { return x -= zeros({2}, {.dtype = DType::float64}); });
  EXPECT_TRUE(same(x, {{2, 2}, {1, 2, 3, 4}}));
}

TEST(InPlace, IsRefusedWhereGradientsAreTracked) {
  const Tensor leaf = ones({2}, {.requires_grad = true});
  const Tensor result = leaf * 2;
  const auto text = [](const std::string& op) {
    return op +
           ": the tensor takes part in gradients, which an in-place change would falsify: use a "
           "NoGradGuard, detach(), or the op that returns a new tensor";
  };
  for (const Tensor& x : {leaf, result, leaf.reshape({2}), leaf.narrow(0, 0, 1)}) {
    expect_error<ValueError>(text("fill_"), [&] { return x.fill_(1); });
    expect_error<ValueError>(text("zero_"), [&] { return x.zero_(); });
    expect_error<ValueError>(text("copy_"), [&] { return x.copy_(x); });
    expect_error<ValueError>(text("copy_"), [&] { return x.copy_(std::vector<float>(2)); });
    expect_error<ValueError>(text("add"), [&] { return x += 1.0; });
    expect_error<ValueError>(text("sub"), [&] { return x -= 1.0; });
    expect_error<ValueError>(text("mul"), [&] { return x *= leaf; });
    expect_error<ValueError>(text("div"), [&] { return x /= leaf; });
  }
  expect_error<ValueError>(
      "add: the other tensor requires a gradient, which an in-place change does not track: use the "
      "op that returns a new tensor, or detach()",
      [&] { return zeros({2}) += leaf; });
  expect_error<ValueError>(
      "copy_: the other tensor requires a gradient, which an in-place change does not track: use "
      "the "
      "op that returns a new tensor, or detach()",
      [&] { return zeros({2}).copy_(result); });
  EXPECT_TRUE(same(leaf, {{2}, {1, 1}}));
  {
    const NoGradGuard no_grad;
    leaf += 1.0;
    leaf *= leaf;
  }
  leaf.detach() -= 1.0;
  EXPECT_TRUE(same(leaf, {{2}, {3, 3}}));
}

}  // namespace
}  // namespace kindling::test
