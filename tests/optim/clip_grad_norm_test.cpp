// SPDX-License-Identifier: MIT
#include <kindling/optim/clip_grad_norm.h>
#include <kindling/optim/optimizers.h>

#include "tests/optim/training.h"
#include "tests/support/expect_error.h"
#include "tests/support/special_values.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace kindling {
namespace {

using optim::clip_grad_norm_;
using optim::SGD;
using test::expect_error;
using test::kNan;
using test::parameter;
using test::set_gradient;
using test::values;

TEST(ClipGradNorm, ScalesToTheLargestNorm) {
  const Tensor a = parameter({0, 0});
  const Tensor b = parameter({0});
  for (const bool in_arena : {false, true}) {
    if (in_arena) SGD optimizer({a, b});
    set_gradient(a, {3, 0});
    set_gradient(b, {4});
    const Tensor norm = clip_grad_norm_({a, b}, 1);
    EXPECT_EQ(norm.item(), 5);
    EXPECT_EQ(norm.shape(), Shape());
    const double coefficient = 1 / (5 + 1e-6);
    EXPECT_DOUBLE_EQ(values(a.grad())[0], 3 * coefficient);
    EXPECT_DOUBLE_EQ(values(b.grad())[0], 4 * coefficient);
  }
}

// One command takes in eight pieces of memory.
TEST(ClipGradNorm, TakesAnyNumberOfPieces) {
  for (const int count : {1, 7, 8, 9, 16, 17, 25}) {
    SCOPED_TRACE(count);
    std::vector<Tensor> weights;
    for (int i = 0; i < count; ++i) {
      weights.push_back(parameter({0}));
      set_gradient(weights.back(), {3.0 + i});
    }
    double squares = 0;
    for (int i = 0; i < count; ++i) squares += (3.0 + i) * (3.0 + i);
    const double norm = std::sqrt(squares);
    EXPECT_DOUBLE_EQ(clip_grad_norm_(weights, 2).item(), norm);
    for (int i = 0; i < count; ++i) {
      EXPECT_DOUBLE_EQ(weights[static_cast<std::size_t>(i)].grad().item(),
                       (3.0 + i) * 2 / (norm + 1e-6));
    }
  }
}

TEST(ClipGradNorm, LeavesSmallGradientsAlone) {
  const Tensor a = parameter({0, 0});
  set_gradient(a, {0.3, 0.4});
  EXPECT_DOUBLE_EQ(clip_grad_norm_({a}, 1).item(), 0.5);
  EXPECT_EQ(values(a.grad()), (std::vector<double>{0.3, 0.4}));
  set_gradient(a, {30, 40});
  EXPECT_DOUBLE_EQ(clip_grad_norm_({a}, std::numeric_limits<double>::infinity()).item(), 50);
  EXPECT_EQ(values(a.grad()), (std::vector<double>{30, 40}));
}

TEST(ClipGradNorm, LeavesOutWhatHasNoGradient) {
  const Tensor a = parameter({0});
  const Tensor b = parameter({0});
  const Tensor c = parameter({0});
  SGD optimizer({a, b, c});
  set_gradient(a, {3});
  set_gradient(b, {100});
  set_gradient(c, {4});
  b.impl()->grad_defined = false;
  EXPECT_EQ(clip_grad_norm_({a, b, c}, 10).item(), 5);
  EXPECT_EQ(clip_grad_norm_({b}, 10).item(), 0);
  EXPECT_EQ(clip_grad_norm_({}, 10).item(), 0);
}

TEST(ClipGradNorm, RecoversFromNan) {
  const Tensor a = parameter({1, 2, 3});
  const Tensor b = parameter({4});
  SGD optimizer({a, b}, {.lr = 1});
  set_gradient(a, {kNan, 1, 0});
  set_gradient(b, {1});
  EXPECT_TRUE(std::isnan(clip_grad_norm_({a, b}, 1).item()));
  EXPECT_TRUE(std::isnan(values(b.grad())[0]));
  set_gradient(a, {0, 3, 0});
  set_gradient(b, {4});
  EXPECT_EQ(clip_grad_norm_({a, b}, 10).item(), 5);
}

TEST(ClipGradNorm, FloatNormsAreSummedInDouble) {
  const Tensor weight = zeros({1 << 16}, {.requires_grad = true});
  std::vector<double> gradient(1 << 16, 1e-3);
  gradient[0] = 1e3;
  set_gradient(weight, gradient);
  const double small = static_cast<double>(1e-3F);
  const double expected = std::sqrt(1e6 + (65535.0 * small) * small);
  const Tensor norm = clip_grad_norm_({weight}, 1e9);
  EXPECT_EQ(norm.dtype(), DType::float32);
  EXPECT_EQ(norm.item(), static_cast<double>(static_cast<float>(expected)));
}

TEST(ClipGradNorm, RefusesNonsense) {
  const Tensor a = parameter({0});
  expect_error<ValueError>("clip_grad_norm_: max_norm -1: must not be negative",
                           [&] { return clip_grad_norm_({a}, -1); });
  expect_error<ValueError>("clip_grad_norm_: max_norm nan: must not be negative",
                           [&] { return clip_grad_norm_({a}, kNan); });
  expect_error<ValueError>(test::undefined("clip_grad_norm_"), [&] {
    return clip_grad_norm_({a, Tensor()}, 1);
  });
}

}  // namespace
}  // namespace kindling
