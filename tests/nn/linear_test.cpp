// SPDX-License-Identifier: MIT
#include <kindling/kindling.h>

#include "tests/support/devices.h"
#include "tests/support/expect_error.h"
#include "tests/support/op_case.h"
#include "tests/support/special_values.h"
#include "tests/support/threads.h"

#include <cmath>
#include <numbers>

namespace kindling::test {
namespace {

using nn::Activation;

struct Named {
  std::string name;
  Activation activation;
  Tensor (*op)(const Tensor&);
  double (*f)(double);
};

const Named kActivations[] = {
    {"none", Activation::none, [](const Tensor& x) { return x; }, [](double x) { return x; }},
    {"relu", Activation::relu, relu, [](double x) { return x > 0 ? x : 0; }},
    {"gelu", Activation::gelu, gelu,
     [](double x) { return 0.5 * x * std::erfc(-x / std::numbers::sqrt2); }},
    {"gelu_tanh", Activation::gelu_tanh, gelu_tanh,
     [](double x) {
       return 0.5 * x *
              (1 + std::tanh(std::sqrt(2 / std::numbers::pi) * (x + 0.044715 * x * x * x)));
     }},
    {"silu", Activation::silu, silu, [](double x) { return x / (1 + std::exp(-x)); }},
    {"tanh", Activation::tanh, kindling::tanh, [](double x) { return std::tanh(x); }},
    {"sigmoid", Activation::sigmoid, sigmoid, [](double x) { return 1 / (1 + std::exp(-x)); }},
};

// x [..., in], weight [out, in], bias [out] if there is one.
Array reference(const std::vector<Array>& in, double (*f)(double)) {
  const Array& x = in[0];
  const std::int64_t out = in[1].shape[0];
  const std::int64_t features = in[1].shape[1];
  Shape shape = x.shape;
  shape[shape.rank() - 1] = out;
  Array y(shape);
  for (std::int64_t i = 0; i < y.numel(); ++i) {
    const std::int64_t row = i / out;
    const std::int64_t column = i % out;
    double sum = in.size() > 2 ? in[2][column] : 0;
    for (std::int64_t k = 0; k < features; ++k) {
      sum += x[row * features + k] * in[1][column * features + k];
    }
    y[i] = f(sum);
  }
  return y;
}

// The inputs of a case: x, weight and, unless it is left out, bias. A result at the kink of ReLU
// would spoil the differences, so its bias keeps all results away from 0.
std::vector<Array> inputs_of(const Shape& x, std::int64_t out, bool bias, Activation activation) {
  const std::int64_t in = x[x.rank() - 1];
  const double size = 1 / std::sqrt(static_cast<double>(std::max<std::int64_t>(in, 1)));
  std::vector<Array> inputs{spread(x, -2, 2, 1), spread({out, in}, -size, size, 2),
                            spread({out}, -1, 1, 3)};
  if (activation == Activation::relu) {
    inputs[1] = spread({out, in}, -size / 8, size / 8, 2);
    for (double& value : inputs[2].values) value += value < 0 ? -2 : 2;
  }
  if (!bias) inputs.pop_back();
  return inputs;
}

OpCase linear_case(const Named& named, const Shape& x, std::int64_t out, bool bias) {
  const std::int64_t rows = x.numel() / std::max<std::int64_t>(x[x.rank() - 1], 1);
  const double root = std::sqrt(static_cast<double>(std::max({rows, out, std::int64_t{1}})));
  OpCase op_case{
      .name = message("linear_", named.name, "_", name_of(x), "_to_", out, bias ? "" : "_no_bias"),
      .inputs = inputs_of(x, out, bias, named.activation),
      .op =
          [activation = named.activation](const auto& in) {
            return nn::linear(in[0], in[1], in.size() > 2 ? in[2] : Tensor(), activation);
          },
      .reference = [f = named.f](const auto& in) { return reference(in, f); },
      .differentiable = {0, 1},
      .value32 = {2e-6, 2e-6},
      .value64 = {1e-14, 1e-14},
      .grad32 = {2e-6, 4e-6 * root},
      .grad64 = {1e-8, 1e-8 * root}};
  if (bias) op_case.differentiable.push_back(2);
  return op_case;
}

std::vector<OpCase> linear_cases() {
  std::vector<OpCase> cases;
  for (const Named& named : kActivations) {
    for (const bool bias : {true, false}) {
      if (named.activation == Activation::relu && !bias) continue;  // see inputs_of
      cases.push_back(linear_case(named, {5, 7}, 3, bias));
      cases.push_back(linear_case(named, {33, 130}, 65, bias));
    }
    cases.push_back(linear_case(named, {4}, 3, true));        // one sample, no batch dimension
    cases.push_back(linear_case(named, {2, 3, 4}, 5, true));  // batches of batches
    cases.push_back(linear_case(named, {10, 1}, 1, true));
    cases.push_back(linear_case(named, {1, 10}, 1, true));
    cases.push_back(linear_case(named, {0, 4}, 3, true));      // no samples
    cases.push_back(linear_case(named, {700, 13}, 17, true));  // more than one block
    cases.push_back(linear_case(named, {10, 10}, 1, true));    // one output
  }
  // No input features: the bias alone.
  cases.push_back(linear_case(kActivations[0], {5, 0}, 3, true));
  cases.push_back(linear_case(kActivations[0], {5, 0}, 3, false));
  cases.push_back(linear_case(kActivations[0], {5, 4}, 0, true));
  return cases;
}
INSTANTIATE_TEST_SUITE_P(Linear, OpTest, testing::ValuesIn(linear_cases()), case_name);

TEST(Activate, IsTheOpOfItsName) {
  const Tensor x = tensor({-1.5, 0, 0.5, 2});
  for (const Named& named : kActivations) {
    const Tensor y = nn::activate(x, named.activation);
    EXPECT_TRUE(same_bits(y, named.op(x))) << named.name;
    EXPECT_NE(y.impl()->storage.get(), x.impl()->storage.get()) << named.name;
  }
}

TEST(LinearFused, EqualsTheOpsItIsMadeOf) {
  for (const DType dtype : kDTypes) {
    for (const Named& named : kActivations) {
      SCOPED_TRACE(named.name);
      manual_seed(2);
      const TensorOptions options{.dtype = dtype};
      const Tensor data[] = {randn({37, 19}, options), randn({23, 19}, options),
                             randn({23}, options)};
      const auto run = [&](bool fused) {
        const Tensor x = data[0].clone().set_requires_grad(true);
        const Tensor weight = data[1].clone().set_requires_grad(true);
        const Tensor bias = data[2].clone().set_requires_grad(true);
        const Tensor y = fused ? nn::linear(x, weight, bias, named.activation)
                               : named.op(matmul(x, weight.transpose(0, 1)) + bias);
        (y * y).sum().backward();
        return std::vector<Array>{to_array(y), to_array(x.grad()), to_array(weight.grad()),
                                  to_array(bias.grad())};
      };
      const std::vector<Array> fused = run(true);
      const std::vector<Array> composed = run(false);
      const double digits = dtype == DType::float32 ? 1e-4 : 1e-12;
      for (std::size_t i = 0; i < fused.size(); ++i) {
        EXPECT_TRUE(close(fused[i], composed[i], {digits, digits}));
      }
    }
  }
}

TEST(LinearFused, GradientAtTheKinkOfReLUIsZero) {
  const Tensor x = tensor({{0, 1}}, {.requires_grad = true});
  const Tensor weight = tensor({{1, 0}, {0, 1}}, {.requires_grad = true});
  const Tensor y = nn::linear(x, weight, {}, Activation::relu);
  y.backward(ones({1, 2}));
  EXPECT_TRUE(same(y, {{1, 2}, {0, 1}}));
  EXPECT_TRUE(same(x.grad(), {{1, 2}, {0, 1}}));
  EXPECT_TRUE(same(weight.grad(), {{2, 2}, {0, 0, 0, 1}}));
}

TEST(LinearFused, InfinitiesHaveTheirLimits) {
  struct Row {
    Activation activation;
    double bias, y, slope;
  };
  for (const Row& row : std::vector<Row>{{Activation::relu, -kInfinity, 0, 0},
                                         {Activation::relu, kInfinity, kInfinity, 1},
                                         {Activation::gelu, -kInfinity, 0, 0},
                                         {Activation::gelu, kInfinity, kInfinity, 1},
                                         {Activation::gelu_tanh, -kInfinity, 0, 0},
                                         {Activation::gelu_tanh, kInfinity, kInfinity, 1},
                                         {Activation::silu, -kInfinity, 0, 0},
                                         {Activation::silu, kInfinity, kInfinity, 1},
                                         {Activation::tanh, -kInfinity, -1, 0},
                                         {Activation::tanh, kInfinity, 1, 0},
                                         {Activation::sigmoid, -kInfinity, 0, 0},
                                         {Activation::sigmoid, kInfinity, 1, 0}}) {
    for (const DType dtype : kDTypes) {
      SCOPED_TRACE(message("activation ", static_cast<int>(row.activation), " at ", row.bias));
      const Tensor bias = full({9}, row.bias, {.dtype = dtype, .requires_grad = true});
      const Tensor y = nn::linear(ones({2, 3}, {.dtype = dtype}), ones({9, 3}, {.dtype = dtype}),
                                  bias, row.activation);
      y.backward(ones({2, 9}, {.dtype = dtype}));
      EXPECT_EQ(y.to_vector<double>(), std::vector<double>(18, row.y));
      EXPECT_EQ(bias.grad().to_vector<double>(), std::vector<double>(9, 2 * row.slope));
    }
  }
}

// The same whether the ReLU's own backward pass turns it off or the product of its consumer.
TEST(LinearFused, AnInfiniteGradientDoesNotPassAReLUThatIsOff) {
  for (const bool consumed : {false, true}) {
    const Tensor bias = tensor({-1, 1}, {.requires_grad = true});
    Tensor y = nn::linear(ones({1, 2}), zeros({2, 2}), bias, Activation::relu);
    if (consumed) y = nn::linear(y, ones({1, 2}));
    y.backward(full(y.shape(), kInfinity));
    EXPECT_EQ(bias.grad().to_vector<double>(), (std::vector<double>{0, kInfinity})) << consumed;
  }
}

TEST(Linear, IsTheSameForAnyNumberOfThreads) {
  const OnCpu on_cpu;
  for (const DType dtype : kDTypes) {
    for (const Named& named : kActivations) {
      const auto run = [&](int threads) {
        const ThreadCount count(threads);
        manual_seed(6);
        const Tensor x = randn({300, 170}, {.dtype = dtype, .requires_grad = true});
        const nn::Linear layer(170, 210, {.dtype = dtype});
        const Tensor y = nn::linear(x, layer.weight, layer.bias, named.activation);
        y.mean().backward();
        return std::vector<Tensor>{y.detach(), x.grad(), layer.weight.grad(), layer.bias.grad()};
      };
      const std::vector<Tensor> one = run(1);
      const std::vector<Tensor> two = run(2);
      for (std::size_t i = 0; i < one.size(); ++i)
        EXPECT_TRUE(same_bits(two[i], one[i])) << named.name;
    }
  }
}

TEST(Linear, DrawsWeightAndBiasFromTheRangeOfPyTorch) {
  manual_seed(0);
  const nn::Linear layer(100, 300);
  EXPECT_EQ(layer.weight.shape(), Shape(300, 100));
  EXPECT_EQ(layer.bias.shape(), Shape(300));
  EXPECT_TRUE(layer.weight.requires_grad());
  EXPECT_TRUE(layer.bias.requires_grad());
  for (const Tensor& parameter : {layer.weight, layer.bias}) {
    double lowest = 0;
    double highest = 0;
    for (const double value : parameter.to_vector<double>()) {
      lowest = std::min(lowest, value);
      highest = std::max(highest, value);
    }
    EXPECT_GE(lowest, -0.1);
    EXPECT_LT(highest, 0.1);
    EXPECT_LT(lowest, -0.095);
    EXPECT_GT(highest, 0.095);
  }
  manual_seed(0);
  const nn::Linear again(100, 300);
  EXPECT_TRUE(same_bits(again.weight, layer.weight));
  EXPECT_TRUE(same_bits(again.bias, layer.bias));
}

TEST(Linear, TakesItsOptions) {
  const nn::Linear layer(3, 2, {.bias = false, .dtype = DType::float64});
  EXPECT_FALSE(layer.bias.defined());
  EXPECT_EQ(layer.weight.dtype(), DType::float64);
  EXPECT_EQ(layer.parameters().size(), 1u);
  EXPECT_EQ(layer(ones({4, 3}, {.dtype = DType::float64})).shape(), Shape(4, 2));
}

TEST(LinearErrors, ShapesDTypesAndSizes) {
  const Tensor x = zeros({5, 4});
  const Tensor weight = zeros({6, 4});
  expect_error<ShapeError>(
      "linear: input [5, 4] does not fit weight [6, 3]: expected last dimension 3", [&] {
        return nn::linear(x, zeros({6, 3}));
      });
  expect_error<ShapeError>("linear: input [] does not fit weight [6, 4]: expected last dimension 4",
                           [&] { return nn::linear(zeros({}), weight); });
  expect_error<ShapeError>("linear: weight [4]: expected [out, in]",
                           [&] { return nn::linear(x, zeros({4})); });
  expect_error<ShapeError>("linear: bias [5] does not fit weight [6, 4]: expected [6]",
                           [&] { return nn::linear(x, weight, zeros({5})); });
  expect_error<ShapeError>("linear: bias [1, 6] does not fit weight [6, 4]: expected [6]", [&] {
    return nn::linear(x, weight, zeros({1, 6}));
  });
  const std::string dtypes =
      "linear: dtypes differ: float32 and float64: convert one with to(float32)";
  expect_error<DTypeError>(dtypes, [&] { return nn::linear(x, weight.to(DType::float64)); });
  expect_error<DTypeError>(
      dtypes, [&] { return nn::linear(x, weight, zeros({6}, {.dtype = DType::float64})); });
  expect_error<ShapeError>(
      "linear: input [2, 3] does not fit weight [1, 10]: expected last dimension 10", [] {
        return nn::Linear(10, 1)(zeros({2, 3}));
      });
  expect_error<ValueError>("Linear: in_features 0, out_features 3: both must be at least 1",
                           [] { return nn::Linear(0, 3); });
  expect_error<ValueError>("Linear: in_features 2, out_features -1: both must be at least 1",
                           [] { return nn::Linear(2, -1); });
}

}  // namespace
}  // namespace kindling::test
