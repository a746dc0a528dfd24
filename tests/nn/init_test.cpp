// SPDX-License-Identifier: MIT
#include <kindling/kindling.h>

#include "tests/support/array.h"
#include "tests/support/devices.h"
#include "tests/support/expect_error.h"

#include <algorithm>
#include <cmath>

namespace kindling::test {
namespace {

namespace init = nn::init;

struct Moments {
  double mean = 0;
  double std = 0;
  double largest = 0;
};

Moments moments_of(const Tensor& x) {
  Moments m;
  const std::vector<double> values = x.to_vector<double>();
  const auto n = static_cast<double>(values.size());
  for (const double value : values) {
    m.mean += value / n;
    m.largest = std::max(m.largest, std::abs(value));
  }
  for (const double value : values) m.std += (value - m.mean) * (value - m.mean) / n;
  m.std = std::sqrt(m.std);
  return m;
}

// 20,000 values: the standard deviation is met within 3 %, which is six times its own.
void expect_spread(const Tensor& x, double std, double bound) {
  const Moments m = moments_of(x);
  EXPECT_NEAR(m.mean, 0, 0.03 * std);
  EXPECT_NEAR(m.std, std, 0.03 * std);
  EXPECT_LE(m.largest, bound);
  EXPECT_GT(m.largest, 0.99 * std::min(bound, 3 * std));
}

TEST(Init, HasTheVarianceThatIsPromised) {
  manual_seed(4);
  const double infinity = std::numeric_limits<double>::infinity();
  for (const DType dtype : kDTypes) {
    const Tensor x = empty({100, 50, 4}, {.dtype = dtype, .requires_grad = true});
    const double xavier = 2 * std::sqrt(2.0 / (200 + 400));
    expect_spread(init::xavier_uniform_(x, 2), xavier, xavier * std::sqrt(3));
    expect_spread(init::xavier_normal_(x, 2), xavier, infinity);
    const double kaiming = std::sqrt(2.0 / 200);
    expect_spread(init::kaiming_uniform_(x, {.nonlinearity = "relu"}), kaiming,
                  kaiming * std::sqrt(3));
    expect_spread(init::kaiming_normal_(x, {.a = std::sqrt(3), .mode = "fan_out"}),
                  std::sqrt(0.5 / 400), infinity);
    expect_spread(init::uniform_(x, -3, 3), std::sqrt(3), 3);
    expect_spread(init::normal_(x, 0, 0.5), 0.5, infinity);
    EXPECT_NEAR(moments_of(init::normal_(x, 7, 0.5)).mean, 7, 0.02);
    EXPECT_NEAR(moments_of(init::constant_(x, 1.5)).mean, 1.5, 1e-12);
    EXPECT_TRUE(x.requires_grad());
    EXPECT_EQ(x.impl()->producer.get(), nullptr);
  }
}

TEST(Init, OrthogonalRowsOrColumns) {
  for (const Shape& shape : {Shape(5, 5), Shape(3, 8), Shape(8, 3), Shape(4, 3, 2), Shape(0, 3)}) {
    const Tensor x = init::orthogonal_(empty(shape, {.dtype = float64}), 2);
    const Tensor rows = x.flatten(1);
    const bool by_rows = shape[0] <= rows.size(1);
    const Tensor products =
        by_rows ? matmul(rows, rows.transpose(0, 1)) : matmul(rows.transpose(0, 1), rows);
    EXPECT_TRUE(allclose(products, eye(products.size(0), {.dtype = float64}) * 4, 0, 1e-14))
        << shape;
  }
}

TEST(Init, GainsAreThoseOfPyTorch) {
  EXPECT_EQ(init::calculate_gain("linear"), 1);
  EXPECT_EQ(init::calculate_gain("sigmoid"), 1);
  EXPECT_EQ(init::calculate_gain("tanh"), 5.0 / 3);
  EXPECT_EQ(init::calculate_gain("relu"), std::sqrt(2));
  EXPECT_EQ(init::calculate_gain("leaky_relu"), std::sqrt(2 / (1 + 0.01 * 0.01)));
  EXPECT_EQ(init::calculate_gain("leaky_relu", 1), 1);
}

TEST(Init, RefusesWhatItDoesNotKnow) {
  expect_error<ShapeError>("xavier_uniform_: a tensor of shape [3]: expected [out, in, ...]",
                           [] { init::xavier_uniform_(empty({3})); });
  expect_error<ShapeError>("orthogonal_: a tensor of shape []: expected [out, in, ...]",
                           [] { init::orthogonal_(empty({})); });
  expect_error<ValueError>("kaiming_normal_: mode \"fan\": must be \"fan_in\" or \"fan_out\"", [] {
    init::kaiming_normal_(empty({3, 2}), {.mode = "fan"});
  });
  expect_error<ValueError>(
      "calculate_gain: nonlinearity \"softmax\": must be \"linear\", "
      "\"sigmoid\", \"tanh\", \"relu\" or \"leaky_relu\"",
      [] { init::calculate_gain("softmax"); });
}

}  // namespace
}  // namespace kindling::test
