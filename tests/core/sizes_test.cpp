// SPDX-License-Identifier: MIT
#include <kindling/kindling.h>

#include "tests/support/expect_error.h"

#include <functional>
#include <limits>
#include <span>

// Sizes whose product 63 bits cannot count, as elements or as bytes. Tensors without elements have
// them and take no memory.
namespace kindling::test {
namespace {

constexpr std::int64_t kHuge = std::int64_t{1} << 31;        // its square is too many
constexpr std::int64_t kMost = (std::int64_t{1} << 60) - 1;  // elements that can be counted

void expect_uncountable(const std::string& op, const Shape& shape,
                        const std::function<void()>& call) {
  expect_error<ShapeError>(message(op, ": shape ", shape, " has more elements than can be counted"),
                           call);
}

TEST(Sizes, OfAShape) {
  EXPECT_EQ(Shape(std::int64_t{1} << 31, std::int64_t{1} << 31).numel(), std::int64_t{1} << 62);
  EXPECT_EQ(Shape(std::numeric_limits<std::int64_t>::max(), 1).numel(),
            std::numeric_limits<std::int64_t>::max());
  const Shape shape(std::int64_t{1} << 62, 4);
  expect_uncountable("Shape", shape, [&] { (void)shape.numel(); });
}

TEST(Sizes, OfMakers) {
  for (const Shape& shape : {Shape(kMost + 1), Shape(kHuge, kHuge), Shape(kHuge, 0, kHuge),
                             Shape(std::int64_t{1} << 62, 4), Shape(kMost, 2)}) {
    expect_uncountable("empty", shape, [&] { empty(shape); });
    expect_uncountable("zeros", shape, [&] { zeros(shape); });
    expect_uncountable("ones", shape, [&] { ones(shape); });
    expect_uncountable("full", shape, [&] { full(shape, 3); });
    expect_uncountable("rand", shape, [&] { rand(shape); });
    expect_uncountable("randn", shape, [&] { randn(shape); });
    expect_uncountable("uniform", shape, [&] { uniform(shape, 0, 1); });
    const std::vector<float> nothing;
    expect_uncountable("from_data", shape, [&] { from_data(nothing, shape); });
    float memory = 0;
    expect_uncountable("borrow", shape, [&] { borrow(&memory, shape); });
  }
  EXPECT_EQ(zeros({0, kMost}).shape(), Shape(0, kMost));
  EXPECT_THROW(zeros({kMost}), OutOfMemoryError);
  EXPECT_THROW(zeros({kMost}, {.dtype = DType::float64}), OutOfMemoryError);
  EXPECT_THROW(arange(0x1p53), OutOfMemoryError);
}

TEST(Sizes, OfReshape) {
  const Tensor x = zeros({0});
  expect_uncountable("reshape", {std::int64_t{1} << 62, 4}, [&] {
    x.reshape({std::int64_t{1} << 62, 4});
  });
  expect_uncountable("reshape", {kHuge, kHuge, 0}, [&] { x.reshape({kHuge, kHuge, 0}); });
  expect_uncountable("reshape", {kMost + 1, 1}, [&] { x.reshape({kMost + 1, -1}); });
  expect_uncountable("reshape", {kHuge, 1, kHuge}, [&] { x.reshape({kHuge, -1, kHuge}); });
  EXPECT_EQ(x.reshape({kMost, -1}).shape(), Shape(kMost, 0));
  expect_error<ShapeError>(message("reshape: [0] with 0 elements does not fit ", Shape(kMost)),
                           [&] { x.reshape({kMost}); });
}

TEST(Sizes, OfBroadcasts) {
  const Tensor column = zeros({kHuge, 1, 0});
  const Tensor row = zeros({1, kHuge, 0});
  const Shape both(kHuge, kHuge, 0);
  expect_uncountable("add", both, [&] { column + row; });
  expect_uncountable("sub", both, [&] { column - row; });
  expect_uncountable("mul", both, [&] { column* row; });
  expect_uncountable("div", both, [&] { column / row; });
}

TEST(Sizes, OfProducts) {
  expect_uncountable("matmul", {kHuge, kHuge}, [] {
    matmul(zeros({kHuge, 0}), zeros({0, kHuge}));
  });
  expect_uncountable("matmul", {1 << 20, 1 << 20, 1 << 20}, [] {
    matmul(zeros({1 << 20, 1 << 20, 0}), zeros({0, 1 << 20}));
  });
  expect_uncountable("matmul", {1 << 20, 1 << 20, 1 << 20}, [] {
    matmul(zeros({1 << 20, 1 << 20, 0}), zeros({1 << 20, 0, 1 << 20}));
  });
  expect_uncountable("linear", {kHuge, kHuge}, [] {
    nn::linear(zeros({kHuge, 0}), zeros({kHuge, 0}));
  });
  expect_uncountable("linear", {1 << 20, 1 << 20, 1 << 20}, [] {
    nn::linear(zeros({1 << 20, 1 << 20, 0}), zeros({1 << 20, 0}));
  });
  EXPECT_EQ(matmul(zeros({0, kMost}), zeros({kMost, 0})).shape(), Shape(0, 0));
}

TEST(Sizes, OfMovements) {
  const Tensor wide = zeros({1, std::int64_t{1} << 55, 0});
  expect_uncountable("index_select", {1024, std::int64_t{1} << 55, 0},
                     [&] { index_select(wide, zeros({1024})); });
  const Tensor x = zeros({0, kMost}, {.requires_grad = true});
  EXPECT_EQ(x.transpose(0, 1).shape(), Shape(kMost, 0));
  EXPECT_EQ(x.narrow(1, 1, kMost - 1).shape(), Shape(0, kMost - 1));
  EXPECT_EQ(x.clone().shape(), Shape(0, kMost));
  EXPECT_THROW(x.narrow(1, kMost, 1), ShapeError);
  EXPECT_THROW(x.narrow(1, 1, std::numeric_limits<std::int64_t>::max()), ShapeError);
  EXPECT_THROW(x.narrow(1, std::numeric_limits<std::int64_t>::max(), 1), ShapeError);
  x.transpose(0, 1).narrow(0, 1, 2).exp().sum(0).sum().backward();
  EXPECT_EQ(x.grad().shape(), Shape(0, kMost));
}

TEST(Sizes, OfReductionsAndLosses) {
  const Tensor x = zeros({0, kMost});
  EXPECT_EQ(x.sum(1).shape(), Shape(0));
  EXPECT_EQ(x.softmax(1).shape(), Shape(0, kMost));
  EXPECT_THROW(x.sum(0), OutOfMemoryError);
  EXPECT_EQ(nn::l1_loss(x, x, nn::Reduction::none).shape(), Shape(0, kMost));
  EXPECT_EQ(nn::cross_entropy_loss(x, zeros({0}), nn::Reduction::none).shape(), Shape(0));
}

TEST(Sizes, OfBatches) {
  const Tensor x = zeros({3, kMost / 3, 0});
  constexpr std::int64_t kAll = std::numeric_limits<std::int64_t>::max();
  const DataLoader loader({x, arange(3)}, {.batch_size = kAll});
  EXPECT_EQ(loader.size(), 1);
  const auto [batch, numbers] = loader.next();
  EXPECT_EQ(batch.shape(), x.shape());
  EXPECT_EQ(numbers.shape(), Shape(3));
  EXPECT_EQ(loader.epoch(), 1);
}

}  // namespace
}  // namespace kindling::test
