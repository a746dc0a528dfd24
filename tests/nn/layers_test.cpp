// SPDX-License-Identifier: MIT
#include <kindling/kindling.h>

#include "tests/support/devices.h"
#include "tests/support/expect_error.h"
#include "tests/support/op_case.h"

#include <cmath>

namespace kindling::test {
namespace {

Array mapped(const Array& x, double (*f)(double)) {
  Array y = x;
  for (double& value : y.values) value = f(value);
  return y;
}

// Rows of 5 with mean 0 and variance 1, times weight plus bias.
Array normalized(const Array& x, const Array& weight, const Array& bias) {
  Array y = x;
  for (std::int64_t row = 0; row < x.numel() / 5; ++row) {
    double mean = 0, variance = 0;
    for (std::int64_t i = 0; i < 5; ++i) mean += x[row * 5 + i] / 5;
    for (std::int64_t i = 0; i < 5; ++i)
      variance += (x[row * 5 + i] - mean) * (x[row * 5 + i] - mean) / 5;
    for (std::int64_t i = 0; i < 5; ++i)
      y[row * 5 + i] = (x[row * 5 + i] - mean) / std::sqrt(variance + 1e-5) * weight[i] + bias[i];
  }
  return y;
}

std::vector<OpCase> layer_cases() {
  Array x = spread({3, 5}, -2, 2);
  for (double& value : x.values)
    if (std::abs(value) < 0.01) value = 0.01;  // a kink
  const auto of_one = [&](const std::string& name, auto layer, double (*f)(double)) {
    return OpCase{.name = name,
                  .inputs = {x},
                  .op = [layer](const auto& in) { return layer(in[0]); },
                  .reference = [f](const auto& in) { return mapped(in[0], f); },
                  .differentiable = {0},
                  .grad32 = {4e-6, 4e-6}};
  };
  std::vector<OpCase> cases{
      of_one("leaky_relu", nn::LeakyReLU(0.2), [](double v) { return v > 0 ? v : 0.2 * v; }),
      of_one("elu", nn::ELU(1.5), [](double v) { return v > 0 ? v : 1.5 * std::expm1(v); }),
      of_one("softplus", nn::Softplus(), [](double v) { return std::log1p(std::exp(v)); })};
  cases.push_back(
      {.name = "layer_norm",
       .inputs = {spread({2, 3, 5}, -2, 2), spread({5}, 0.5, 2, 2), spread({5}, -1, 1, 3)},
       .op =
           [](const auto& in) {
             const nn::LayerNorm layer(5, {.dtype = in[0].dtype(), .device = in[0].device()});
             const NoGradGuard no_grad;
             layer.weight.copy_(in[1]);
             layer.bias.copy_(in[2]);
             return layer(in[0]);
           },
       .reference = [](const auto& in) { return normalized(in[0], in[1], in[2]); },
       .value32 = {4e-6, 4e-6}});
  cases.push_back(
      {.name = "layer_norm_plain",
       .inputs = {spread({3, 5}, -2, 2)},
       .op = [](const auto& in) { return nn::LayerNorm(5, {.elementwise_affine = false})(in[0]); },
       .reference =
           [](const auto& in) {
             return normalized(in[0], {{5}, {1, 1, 1, 1, 1}}, {{5}, {0, 0, 0, 0, 0}});
           },
       .differentiable = {0},
       .value32 = {4e-6, 4e-6},
       .grad32 = {1e-5, 1e-5},
       .grad64 = {1e-7, 1e-7}});
  for (const auto& [name, reduction] : {std::pair{"none", nn::Reduction::none},
                                        {"mean", nn::Reduction::mean},
                                        {"sum", nn::Reduction::sum}})
    cases.push_back(
        {.name = std::string("binary_cross_entropy_") + name,
         .inputs = {spread({3, 5}, -3, 3), spread({3, 5}, 0, 1, 2)},
         .op =
             [reduction = reduction](const auto& in) {
               return nn::BCEWithLogitsLoss({.reduction = reduction})(in[0], in[1]);
             },
         .reference =
             [reduction = reduction](const auto& in) {
               Array losses = in[0];
               double total = 0;
               for (std::int64_t i = 0; i < losses.numel(); ++i) {
                 const double yes = 1 / (1 + std::exp(-in[0][i]));
                 losses[i] = -in[1][i] * std::log(yes) - (1 - in[1][i]) * std::log(1 - yes);
                 total += losses[i];
               }
               if (reduction == nn::Reduction::none) return losses;
               return Array({}, {reduction == nn::Reduction::mean ? total / 15 : total});
             },
         .differentiable = {0, 1},
         .value32 = {2e-6, 2e-6},
         .value64 = {1e-13, 1e-13},
         .grad32 = {4e-6, 4e-6},
         .grad64 = {1e-7, 1e-8}});
  return cases;
}
INSTANTIATE_TEST_SUITE_P(Layers, OpTest, testing::ValuesIn(layer_cases()), case_name);

TEST(Layers, IdentityIsItsInput) {
  const Tensor x = ones({2});
  EXPECT_EQ(nn::Identity()(x).impl(), x.impl());
}

TEST(Layers, ELUOfLargeNumbersHasAGradient) {
  const Tensor x = tensor({1000, -1000}, {.requires_grad = true});
  nn::ELU()(x).sum().backward();
  EXPECT_TRUE(same(x.grad(), {{2}, {1, 0}}));
}

TEST(Layers, TheParametersOfALayerNormGetGradients) {
  const nn::LayerNorm layer(2);
  EXPECT_EQ(layer.num_parameters(), 4);
  layer(tensor({{1, 3}, {5, 1}})).sum().backward();
  EXPECT_TRUE(close(to_array(layer.weight.grad()), {{2}, {0, 0}}, {0, 1e-5}));
  EXPECT_TRUE(same(layer.bias.grad(), {{2}, {2, 2}}));
  EXPECT_EQ(nn::LayerNorm(2, {.elementwise_affine = false}).num_parameters(), 0);
  expect_error<ShapeError>("LayerNorm: input [3]: expected rows of 2",
                           [&] { return layer(zeros({3})); });
  expect_error<ValueError>(
      "LayerNorm: size 0, eps 1e-05: the size must be at least 1, eps not negative",
      [] { return nn::LayerNorm(0); });
}

TEST(Layers, AnEmbeddingPicksRows) {
  const nn::Embedding layer(4, 2);
  const Tensor y = layer(tensor({{3, 0, 3}}));
  EXPECT_EQ(y.shape(), Shape(1, 3, 2));
  EXPECT_TRUE(same_bits(y[0][0], layer.weight[3].detach()));
  EXPECT_TRUE(same_bits(y[0][1], layer.weight[0].detach()));
  y.sum().backward();
  EXPECT_TRUE(same(layer.weight.grad(), {{4, 2}, {1, 1, 0, 0, 0, 0, 2, 2}}));
}

TEST(Layers, DropoutDropsInTrainingOnly) {
  manual_seed(3);
  const nn::Dropout layer(0.25);
  const Tensor x = full({40000}, 3, {.requires_grad = true});
  const Tensor y = layer(x);
  const std::vector<double> values = y.to_vector<double>();
  const auto dropped = std::count(values.begin(), values.end(), 0);
  EXPECT_NEAR(static_cast<double>(dropped), 10000, 400);
  EXPECT_EQ(std::count(values.begin(), values.end(), 4), 40000 - dropped);
  EXPECT_FALSE(same_bits(layer(x), y));
  y.sum().backward();
  EXPECT_TRUE(same_bits(x.grad(), (y / 3).detach()));
  EXPECT_TRUE(same_bits(layer.eval()(x), x));
  EXPECT_FALSE(layer.is_training());
  layer.train();
  EXPECT_FALSE(same_bits(layer(x), x));
  EXPECT_TRUE(same(nn::Dropout(1)(x.detach()), Array(Shape(40000))));
  EXPECT_TRUE(same_bits(nn::Dropout(0)(x), x));
  expect_error<ValueError>("Dropout: p 1.5: a probability must be from 0 to 1",
                           [] { return nn::Dropout(1.5); });
}

TEST(Layers, TrainAndEvalReachTheModulesWithin) {
  const nn::Sequential inner(nn::Dropout(0.5));
  const nn::Sequential model(nn::Linear(2, 2), inner, nn::Dropout(0.5));
  EXPECT_TRUE(model.is_training());
  model.eval();
  EXPECT_FALSE(inner.is_training());
  EXPECT_FALSE(inner[0].is_training());
  EXPECT_FALSE(model[2].is_training());
  const Tensor x = ones({3, 2});
  EXPECT_TRUE(same_bits(model(x), model[0](x)));
  EXPECT_TRUE(model.train().is_training());
  EXPECT_TRUE(inner[0].is_training());
  EXPECT_EQ(model.num_parameters(), 6);
}

// Each replay drops others, as eager steps from the same seed do.
TEST(Layers, ACapturedStepDropsAnew) {
  const auto losses = [](bool captured) {
    manual_seed(5);
    const nn::Sequential model(nn::Linear(4, 8), nn::ReLU(), nn::Dropout(0.5), nn::Linear(8, 1));
    optim::SGD optimizer(model.parameters(), {.lr = 0.1});
    const Tensor x = randn({6, 4}), y = randn({6, 1});
    const auto step = [&] {
      optimizer.zero_grad();
      const Tensor loss = nn::mse_loss(model(x), y);
      loss.backward();
      optimizer.step();
      return loss;
    };
    std::vector<double> values;
    if (captured) {
      auto recorded = capture(step);
      for (int i = 0; i < 5; ++i) values.push_back(recorded().item());
    } else {
      for (int i = 0; i < 5; ++i) values.push_back(step().item());
    }
    return values;
  };
  EXPECT_EQ(losses(true), losses(false));
}

TEST(Layers, ABatchNormKeepsRunningAverages) {
  const nn::BatchNorm1d layer(2, {.momentum = 0.5});
  const Tensor x = tensor({{0, 10}, {2, 14}});
  EXPECT_TRUE(close(to_array(layer(x)), {{2, 2}, {-1, -1, 1, 1}}, {0, 1e-5}));
  EXPECT_TRUE(same(layer.running_mean, {{2}, {0.5, 6}}));
  EXPECT_TRUE(same(layer.running_var, {{2}, {1.5, 4.5}}));
  EXPECT_EQ(layer.num_batches_tracked.item(), 1);
  layer.eval();
  EXPECT_TRUE(
      close(to_array(layer(x)[0]), {{2}, {-0.5 / std::sqrt(1.5), 4 / std::sqrt(4.5)}}, {1e-5, 0}));
  EXPECT_EQ(layer.num_batches_tracked.item(), 1);
}

TEST(Layers, ABatchNormIsSavedWithItsAverages) {
  const nn::BatchNorm1d layer(3), other(3);
  layer(from_data(spread({8, 3}, -1, 4).values, {8, 3}, {.dtype = float32}));
  std::vector<std::string> names;
  for (const auto& [name, tensor] : layer.state_dict()) names.push_back(name);
  EXPECT_EQ(names, (std::vector<std::string>{"weight", "bias", "running_mean", "running_var",
                                             "num_batches_tracked"}));
  other.load_state_dict(layer.state_dict());
  EXPECT_TRUE(same_bits(other.running_var, layer.running_var));
  EXPECT_EQ(other.num_batches_tracked.item(), 1);
  EXPECT_EQ(layer.num_parameters(), 6);
  EXPECT_EQ(layer.parameters().size(), 2u);
  layer.to(float64);
  EXPECT_EQ(layer.running_mean.dtype(), float64);
  EXPECT_EQ(layer.num_batches_tracked.dtype(), int64);
}

TEST(Layers, ACapturedStepUpdatesRunningAverages) {
  const auto run = [](bool captured) {
    manual_seed(3);
    const nn::BatchNorm1d layer(4);
    const Tensor x = randn({6, 4});
    auto step = capture([&] {
      layer.zero_grad();
      const Tensor loss = square(layer(x)).mean();
      loss.backward();
      return loss;
    });
    for (int i = 0; i < 5; ++i) {
      if (captured)
        step();
      else
        layer(x);
    }
    EXPECT_EQ(layer.num_batches_tracked.item(), 5);
    return layer.running_var.clone();
  };
  EXPECT_TRUE(same_bits(run(true), run(false)));
}

TEST(Layers, ABatchNormRefusesWhatItCannotDo) {
  const nn::BatchNorm1d layer(2);
  expect_error<ShapeError>("BatchNorm1d: input [4, 3]: expected [batch, 2] or [batch, 2, length]",
                           [&] {
                             layer(zeros({4, 3}));
                           });
  expect_error<ValueError>(
      "BatchNorm1d: input [1, 2]: training needs more than one value of each "
      "feature: use a larger batch, or eval()",
      [&] {
        layer(zeros({1, 2}));
      });
  EXPECT_EQ(layer.eval()(zeros({1, 2})).shape(), Shape(1, 2));
  expect_error<ValueError>(
      "BatchNorm1d: features 0, eps 1e-05, momentum 0.1: expected at least 1, "
      "not negative, and from 0 to 1",
      [] { nn::BatchNorm1d(0); });
}

}  // namespace
}  // namespace kindling::test
