// SPDX-License-Identifier: MIT
#include <kindling/core/autograd.h>
#include <kindling/kindling.h>

#include "tests/support/array.h"
#include "tests/support/devices.h"
#include "tests/support/expect_error.h"

#include <cmath>

namespace kindling::test {
namespace {

TEST(Sequential, AppliesItsModulesInTurn) {
  const nn::Sequential net(nn::Linear(3, 4), nn::Tanh(), nn::Linear(4, 2));
  EXPECT_EQ(net.size(), 3u);
  const Tensor x = tensor({{1, 2, 3}, {0, -1, 2}});
  EXPECT_TRUE(allclose(net(x), net[2](net[1](net[0](x)))));
  EXPECT_TRUE(same_bits(nn::Sequential()(x), x));
}

TEST(Sequential, NamesParametersByPosition) {
  nn::Sequential net(nn::Linear(3, 4), nn::ReLU());
  net.push_back(nn::Linear(4, 2, {.bias = false}));
  std::vector<std::string> names;
  for (const auto& [name, parameter] : net.named_parameters()) names.push_back(name);
  EXPECT_EQ(names, (std::vector<std::string>{"0.weight", "0.bias", "2.weight"}));
}

TEST(Sequential, CopiesShareAndNest) {
  nn::Sequential inner(nn::Linear(2, 2), nn::ReLU());
  const nn::Sequential copy = inner;
  const nn::Sequential outer(inner, nn::Linear(2, 1));
  inner.push_back(nn::Tanh());
  EXPECT_EQ(copy.size(), 3u);
  EXPECT_EQ(outer.parameters().size(), 4u);
  EXPECT_EQ(outer.named_parameters()[0].first, "0.0.weight");
  EXPECT_EQ(outer(ones({5, 2})).shape(), Shape(5, 1));
}

TEST(Sequential, FusesALinearWithTheActivationAfterIt) {
  const nn::Sequential net(nn::Linear(3, 4), nn::ReLU(), nn::Linear(4, 4), nn::GELU(),
                           nn::Linear(4, 2));
  const Tensor y = net(ones({1, 3}));
  EXPECT_EQ(live_graph_nodes(), 3);  // five modules, three ops
}

TEST(Sequential, FusionGivesTheSameNumbersAndGradients) {
  for (const DType dtype : kDTypes) {
    manual_seed(5);
    const nn::Linear first(7, 11, {.dtype = dtype});
    const nn::Linear second(11, 3, {.dtype = dtype});
    const Tensor x = randn({13, 7}, {.dtype = dtype});
    const auto expect_equal = [&](const auto& activation) {
      const nn::Sequential net(first, activation, second);
      const auto run = [&](bool fused) {
        net.zero_grad();
        const Tensor y = fused ? net(x) : second(activation(first(x)));
        (y * y).mean().backward();
        return std::vector<Array>{to_array(y), to_array(first.weight.grad()),
                                  to_array(first.bias.grad()), to_array(second.weight.grad())};
      };
      const std::vector<Array> fused = run(true);
      const std::vector<Array> apart = run(false);
      const double digits = dtype == DType::float32 ? 2e-6 : 1e-14;
      for (std::size_t i = 0; i < fused.size(); ++i) {
        EXPECT_TRUE(close(fused[i], apart[i], {digits, digits}));
      }
    };
    expect_equal(nn::ReLU());
    expect_equal(nn::GELU());
    expect_equal(nn::GELU({.approximate = "tanh"}));
    expect_equal(nn::SiLU());
    expect_equal(nn::Tanh());
    expect_equal(nn::Sigmoid());
  }
}

// A module that only looks like a Linear is called, not fused away.
struct Doubled : nn::Linear {
  using Linear::Linear;
  Tensor forward(const Tensor& x) const override { return Linear::forward(x) * 2.0; }
};

TEST(Sequential, CallsTheForwardOfADerivedLinear) {
  const Doubled layer(3, 4);
  const nn::Sequential net(layer, nn::ReLU());
  const Tensor x = tensor({{1, 2, 3}});
  EXPECT_TRUE(allclose(net(x), relu(layer(x))));
}

TEST(Sequential, TakesModulesOfOnesOwn) {
  struct Square : nn::Module {
    Tensor forward(const Tensor& x) const override { return square(x); }
  };
  const nn::Sequential net{Square(), nn::ReLU(), Square()};
  EXPECT_TRUE(same(net(tensor({-2, 3})), {{2}, {16, 81}}));
}

TEST(Sequential, ModuleOutOfRange) {
  expect_error<ValueError>("Sequential: module 2 does not exist: it has 2",
                           [] { return nn::Sequential(nn::ReLU(), nn::Tanh())[2](ones({1})); });
}

TEST(Activations, AreTheirFunctions) {
  const Tensor x = tensor({-1.5, 0, 0.5, 2});
  EXPECT_TRUE(same_bits(nn::ReLU()(x), relu(x)));
  EXPECT_TRUE(same_bits(nn::GELU()(x), gelu(x)));
  EXPECT_TRUE(same_bits(nn::GELU({.approximate = "tanh"})(x), gelu_tanh(x)));
  EXPECT_TRUE(same_bits(nn::SiLU()(x), silu(x)));
  EXPECT_TRUE(same_bits(nn::Tanh()(x), kindling::tanh(x)));
  EXPECT_TRUE(same_bits(nn::Sigmoid()(x), sigmoid(x)));
  EXPECT_TRUE(nn::ReLU().parameters().empty());
}

TEST(Activations, GELURefusesAnUnknownForm) {
  expect_error<ValueError>("GELU: approximate \"erf\": must be \"none\" or \"tanh\"",
                           [] { return nn::GELU({.approximate = "erf"}); });
}

}  // namespace
}  // namespace kindling::test
