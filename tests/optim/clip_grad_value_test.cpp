// SPDX-License-Identifier: MIT
#include <kindling/kindling.h>

#include "tests/optim/training.h"
#include "tests/support/array.h"
#include "tests/support/expect_error.h"

#include <cmath>
#include <limits>

namespace kindling::test {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

TEST(ClipGradValue, MovesEachElementIntoTheRange) {
  const Tensor a = parameter({0, 0, 0}), b = parameter({0, 0}), without = parameter({0});
  set_gradient(a, {-3, 0.5, kInfinity});
  set_gradient(b, {1.25, std::nan("")});
  optim::clip_grad_value_({a, b, without}, 1.25);
  EXPECT_TRUE(same(a.grad(), {{3}, {-1.25, 0.5, 1.25}}));
  EXPECT_TRUE(close(to_array(b.grad()), {{2}, {1.25, std::nan("")}}, {}));
  EXPECT_FALSE(without.grad().defined());
  expect_error<ValueError>("clip_grad_value_: clip_value -1: must not be negative",
                           [&] { optim::clip_grad_value_({a}, -1); });
  EXPECT_THROW(optim::clip_grad_value_({a}, std::nan("")), ValueError);
  EXPECT_THROW(optim::clip_grad_value_({a, Tensor()}, 0), ValueError);
  EXPECT_TRUE(same(a.grad(), {{3}, {-1.25, 0.5, 1.25}}));
}

TEST(ClipGradValue, IsAPartOfACapturedStep) {
  const auto run = [](bool captured) {
    const Tensor x = parameter({1, -2});
    optim::SGD optimizer({x}, {.lr = 0.5});
    const auto once = [&] {
      optimizer.zero_grad();
      square(x).sum().backward();
      optim::clip_grad_value_({x}, 0.75);
      optimizer.step();
    };
    auto step = capture(once);
    for (int i = 0; i < 4; ++i) {
      if (captured)
        step();
      else
        once();
    }
    return x.detach().clone();
  };
  EXPECT_TRUE(same_bits(run(true), run(false)));
}

TEST(ClipGradNorm, MayRefuseNonfiniteGradients) {
  const Tensor x = parameter({0, 0});
  set_gradient(x, {3, 4});
  EXPECT_EQ(optim::clip_grad_norm_({x}, 10, true).item(), 5);
  set_gradient(x, {3, kInfinity});
  expect_error<ValueError>(
      "clip_grad_norm_: the norm of the gradients is inf: parameter 0: nothing was changed: "
      "leave this step out, or lower the lr",
      [&] { optim::clip_grad_norm_({x}, 1, true); });
  EXPECT_TRUE(same(x.grad(), {{2}, {3, kInfinity}}));
  set_gradient(x, {std::nan(""), 1});
  EXPECT_THROW(optim::clip_grad_norm_({x}, 1, true), ValueError);
  auto step = capture([&] { optim::clip_grad_norm_({x}, 1, true); });
  EXPECT_THROW(step(), CaptureError);
}

TEST(NonfiniteGradients, AreNamed) {
  const nn::Sequential model(nn::Linear(2, 2), nn::ReLU(), nn::Linear(2, 1));
  const Tensor own = parameter({1, 2});
  std::vector<Tensor> params = model.parameters();
  params.push_back(own);
  set_gradient(params[1], {1, kInfinity});
  set_gradient(params[2], {1, 2});
  set_gradient(own, {std::nan(""), 0});
  EXPECT_EQ(optim::nonfinite_gradients(params),
            (std::vector<std::string>{"0.bias", "parameter 4"}));
  expect_error<ValueError>(
      "clip_grad_norm_: the norm of the gradients is nan: 0.bias, parameter 4: "
      "nothing was changed: leave this step out, or lower the lr",
      [&] { optim::clip_grad_norm_(params, 1, true); });
}

TEST(ParameterNames, StandInErrors) {
  const nn::Sequential model(nn::Linear(2, 1));
  std::vector<Tensor> params = model.parameters();
  params.push_back(params[0]);
  expect_error<ValueError>(
      "SGD: parameter 2 of group 0 (\"0.weight\") is the same tensor as parameter 0 of group 0 "
      "(\"0.weight\"), or shares its memory: give each parameter once",
      [&] { optim::SGD optimizer(params); });
}

TEST(AveragedParameters, FollowExponentially) {
  const Tensor x = parameter({8, 0});
  optim::AveragedParameters average({x}, {.decay = 0.75});
  const NoGradGuard no_grad;
  x.copy_(tensor({4, 4}));
  average.update();
  EXPECT_TRUE(same(average.averages()[0], {{2}, {7, 1}}));
  average.swap();
  EXPECT_TRUE(same(x, {{2}, {7, 1}}));
  expect_error<ValueError>("AveragedParameters: update: swapped: call swap() before",
                           [&] { average.update(); });
  auto step = capture([&] { average.swap(); });
  EXPECT_THROW(step(), CaptureError);
  average.swap();
  EXPECT_TRUE(same(x, {{2}, {4, 4}}));
}

TEST(AveragedParameters, OrEqually) {
  const Tensor x = parameter({8});
  optim::AveragedParameters average({x}, {.equal = true});
  const NoGradGuard no_grad;
  for (const double value : {1, 2, 6}) {
    x.fill_(value);
    average.update();
  }
  EXPECT_EQ(average.averages()[0].item(), 3);
  auto step = capture([&] { average.update(); });
  EXPECT_THROW(step(), CaptureError);
}

TEST(AveragedParameters, AreCapturedSavedAndLoaded) {
  const Tensor x = parameter({8, 0});
  optim::SGD optimizer({x}, {.lr = 0.25});
  optim::AveragedParameters average({x}, {.decay = 0.5});
  auto step = capture([&] {
    optimizer.zero_grad();
    square(x).sum().backward();
    optimizer.step();
    average.update();
  });
  for (int i = 0; i < 3; ++i) step();  // x: 4, 2, 1; a: 6, 4, 2.5
  EXPECT_TRUE(same(average.averages()[0], {{2}, {2.5, 0}}));
  const std::string path = testing::TempDir() + "kindling_average.safetensors";
  save(path, average);
  step();
  load(path, average);
  EXPECT_TRUE(same(average.averages()[0], {{2}, {2.5, 0}}));
  expect_error<ValueError>("AveragedParameters: no parameters: give at least one",
                           [] { optim::AveragedParameters({}); });
  expect_error<ValueError>("AveragedParameters: decay 1: must be at least 0 and below 1",
                           [&] { optim::AveragedParameters({x}, {.decay = 1}); });
}

}  // namespace
}  // namespace kindling::test
