// SPDX-License-Identifier: MIT
#include <kindling/kindling.h>

#include "tests/support/devices.h"
#include "tests/support/op_case.h"

#include <cmath>
#include <limits>
#include <numbers>

namespace kindling::test {
namespace {

using std::numbers::pi;

// A function of one number, with its derivative, both as a textbook has them.
struct Function {
  std::string name;
  Tensor (*op)(const Tensor&);
  double (*f)(double);
  double (*df)(double);
  double low = -3;  // the range that is sampled
  double high = 3;
};

double normal_cdf(double x) { return 0.5 * std::erfc(-x / std::sqrt(2.0)); }
double normal_density(double x) { return std::exp(-x * x / 2) / std::sqrt(2 * pi); }
double logistic(double x) { return 1 / (1 + std::exp(-x)); }
double tanh_argument(double x) { return std::sqrt(2 / pi) * (x + 0.044715 * x * x * x); }

const std::vector<Function>& functions() {
  static const std::vector<Function> table{
      {"exp", exp, [](double x) { return std::exp(x); }, [](double x) { return std::exp(x); }},
      {"log", log, [](double x) { return std::log(x); }, [](double x) { return 1 / x; }, 0.2, 5},
      {"sqrt", sqrt, [](double x) { return std::sqrt(x); },
       [](double x) { return 0.5 / std::sqrt(x); }, 0.2, 5},
      {"square", square, [](double x) { return x * x; }, [](double x) { return 2 * x; }},
      {"abs", abs, [](double x) { return std::abs(x); },
       [](double x) { return x == 0 ? 0.0 : std::copysign(1.0, x); }},
      {"neg", neg, [](double x) { return -x; }, [](double) { return -1.0; }},
      {"minus", [](const Tensor& x) { return -x; }, [](double x) { return -x; },
       [](double) { return -1.0; }},
      {"relu", relu, [](double x) { return x > 0 ? x : 0; },
       [](double x) { return x > 0 ? 1.0 : 0.0; }},
      {"gelu", gelu, [](double x) { return x * normal_cdf(x); },
       [](double x) { return normal_cdf(x) + x * normal_density(x); }},
      {"gelu_tanh", gelu_tanh, [](double x) { return 0.5 * x * (1 + std::tanh(tanh_argument(x))); },
       [](double x) {
         const double t = std::tanh(tanh_argument(x));
         return 0.5 * (1 + t) +
                0.5 * x * (1 - t * t) * std::sqrt(2 / pi) * (1 + 3 * 0.044715 * x * x);
       }},
      {"silu", silu, [](double x) { return x * logistic(x); },
       [](double x) { return logistic(x) * (1 + x * (1 - logistic(x))); }},
      {"tanh", kindling::tanh, [](double x) { return std::tanh(x); },
       [](double x) { return 1 - std::tanh(x) * std::tanh(x); }},
      {"softplus", softplus,
       [](double x) { return std::fmax(x, 0) + std::log1p(std::exp(-std::abs(x))); }, logistic},
      {"sin", kindling::sin, [](double x) { return std::sin(x); },
       [](double x) { return std::cos(x); }},
      {"cos", kindling::cos, [](double x) { return std::cos(x); },
       [](double x) { return -std::sin(x); }},
      {"log1p", kindling::log1p, [](double x) { return std::log1p(x); },
       [](double x) { return 1 / (1 + x); }, 0.1, 5},
      {"expm1", kindling::expm1, [](double x) { return std::expm1(x); },
       [](double x) { return std::exp(x); }},
      {"sigmoid", sigmoid, logistic, [](double x) { return logistic(x) * (1 - logistic(x)); }},
  };
  return table;
}

Array map(const Array& x, double (*f)(double)) {
  Array y = x;
  for (double& value : y.values) value = f(value);
  return y;
}

std::vector<OpCase> elementwise_cases() {
  std::vector<OpCase> cases;
  // A scalar, nothing, odd sizes, and more than one block or task takes.
  for (const Shape& shape : {Shape(), Shape(0), Shape(1), Shape(7), Shape(3, 5), Shape(2, 0, 3),
                             Shape(257), Shape(70001)}) {
    for (const Function& function : functions()) {
      Array x = spread(shape, function.low, function.high);
      // relu and abs have a kink at 0, which differences must not straddle; see AtTheirKinks.
      for (double& value : x.values) {
        if (std::abs(value) < 0.01) value = 0.01;
      }
      cases.push_back({.name = function.name + "_" + name_of(shape),
                       .inputs = {x},
                       .op = [op = function.op](const auto& in) { return op(in[0]); },
                       .reference = [f = function.f](const auto& in) { return map(in[0], f); },
                       .differentiable = {0}});
    }
  }
  return cases;
}
INSTANTIATE_TEST_SUITE_P(Elementwise, OpTest, testing::ValuesIn(elementwise_cases()), case_name);

class ElementwiseFunction : public testing::TestWithParam<Function> {
 protected:
  // Values and derivatives of the whole range, from tiny to overflowing, of either sign where the
  // function is defined.
  static Array hard_inputs(DType dtype, bool positive) {
    Array x;
    for (const double size :
         {1e-30, 1e-8, 1e-3, 0.1, 0.5, 1.0, 2.0, 5.0, 9.0, 20.0, 60.0, 80.0, 85.0}) {
      x.values.push_back(size);
      if (!positive) x.values.push_back(-size);
    }
    x.shape = Shape(x.values.size());
    return rounded(x, dtype);
  }
};

TEST_P(ElementwiseFunction, HoldsOverItsWholeRange) {
  const Function& function = GetParam();
  for (const Device device : available_devices()) {
    for (const DType dtype : kDTypes) {
      SCOPED_TRACE(message(device, ", ", dtype));
      const Array x = hard_inputs(dtype, function.low > 0);
      const Tensor input =
          from_data(x.values, x.shape).to(dtype).to(device).set_requires_grad(true);
      const Tensor output = function.op(input);
      output.backward(ones(x.shape, {.dtype = dtype, .device = device}));
      // Relative, but for the saturated ends where a difference of nearly equal numbers is left.
      const Tolerance tolerance =
          dtype == DType::float32 ? Tolerance{2e-6, 3e-7} : Tolerance{1e-14, 1e-15};
      EXPECT_TRUE(close(to_array(output), map(x, function.f), tolerance)) << output;
      EXPECT_TRUE(close(to_array(input.grad()), map(x, function.df), tolerance)) << input.grad();
    }
  }
}

TEST_P(ElementwiseFunction, PassesNaN) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  for (const Device device : available_devices()) {
    for (const DType dtype : kDTypes) {
      const Tensor output = GetParam().op(full({9}, nan, {.dtype = dtype, .device = device}));
      for (const double value : output.to_vector<double>()) EXPECT_TRUE(std::isnan(value));
    }
  }
}

TEST_P(ElementwiseFunction, RefusesAnUndefinedTensor) {
  EXPECT_THROW(GetParam().op(Tensor()), ValueError);
}

INSTANTIATE_TEST_SUITE_P(, ElementwiseFunction, testing::ValuesIn(functions()),
                         [](const auto& function) { return function.param.name; });

// The value of a function at infinity or at a kink, and its derivative there.
struct Point {
  Tensor (*op)(const Tensor&);
  double x;
  double y;
  double dy;
};

void expect_points(const std::vector<Point>& points) {
  for (const Device device : available_devices()) {
    for (const DType dtype : kDTypes) {
      for (const Point& point : points) {
        const Tensor x =
            full({}, point.x, {.dtype = dtype, .device = device, .requires_grad = true});
        const Tensor y = point.op(x);
        y.backward();
        EXPECT_EQ(y.item(), point.y) << "at " << point.x << " in " << dtype;
        EXPECT_EQ(x.grad().item(), point.dy) << "at " << point.x << " in " << dtype;
      }
    }
  }
}

TEST(Elementwise, AtTheirKinks) {
  expect_points({{relu, 0, 0, 0}, {relu, -0.0, 0, 0}, {abs, 0, 0, 0}, {abs, -0.0, 0, 0}});
}

TEST(Elementwise, AtTheEndsOfTheirRanges) {
  const double infinity = std::numeric_limits<double>::infinity();
  expect_points({{log, 0, -infinity, infinity},
                 {log, infinity, infinity, 0},
                 {sqrt, 0, 0, infinity},
                 {exp, infinity, infinity, infinity},
                 {exp, -infinity, 0, 0},
                 {relu, infinity, infinity, 1},
                 {relu, -infinity, 0, 0},
                 {gelu_tanh, 0x1p100, 0x1p100, 1},
                 {gelu_tanh, -0x1p100, 0, 0},
                 {sigmoid, infinity, 1, 0},
                 {sigmoid, -infinity, 0, 0},
                 {kindling::tanh, infinity, 1, 0},
                 {kindling::tanh, -infinity, -1, 0}});
}

TEST(Elementwise, FunctionsMadeOfStepsAreNotTracked) {
  for (const DType dtype : kDTypes) {
    const Tensor x = tensor({-1.5, -0.0, 0.25, 2, NAN}, {.dtype = dtype, .requires_grad = true});
    EXPECT_TRUE(close(to_array(sign(x)), {{5}, {-1, 0, 1, 1, NAN}}, {}));
    EXPECT_TRUE(close(to_array(floor(x)), {{5}, {-2, 0, 0, 2, NAN}}, {}));
    EXPECT_TRUE(same(isnan(x), {{5}, {0, 0, 0, 0, 1}}));
    for (const Tensor& y : {sign(x), floor(x), isnan(x)}) EXPECT_FALSE(y.requires_grad());
  }
}

TEST(Elementwise, OfANegativeNumberThatHasNone) {
  EXPECT_TRUE(std::isnan(log(tensor(-1)).item()));
  EXPECT_TRUE(std::isnan(sqrt(tensor(-1)).item()));
}

TEST(Elementwise, MembersAreTheSameFunctions) {
  const Tensor x = tensor({0.25, 0.5, 2});
  EXPECT_TRUE(same_bits(x.exp(), exp(x)));
  EXPECT_TRUE(same_bits(x.log(), log(x)));
  EXPECT_TRUE(same_bits(x.sqrt(), sqrt(x)));
  EXPECT_TRUE(same_bits(x.square(), square(x)));
  EXPECT_TRUE(same_bits(x.abs(), abs(x)));
  EXPECT_TRUE(same_bits(x.neg(), neg(x)));
  EXPECT_TRUE(same_bits(x.gelu_tanh(), gelu_tanh(x)));
  EXPECT_TRUE(same_bits(x.relu(), relu(x)));
  EXPECT_TRUE(same_bits(x.gelu(), gelu(x)));
  EXPECT_TRUE(same_bits(x.silu(), silu(x)));
  EXPECT_TRUE(same_bits(x.tanh(), kindling::tanh(x)));
  EXPECT_TRUE(same_bits(x.sigmoid(), sigmoid(x)));
  EXPECT_TRUE(same_bits(x.softplus(), softplus(x)));
  EXPECT_TRUE(same_bits(x.sin(), kindling::sin(x)));
  EXPECT_TRUE(same_bits(x.cos(), kindling::cos(x)));
  EXPECT_TRUE(same_bits(x.log1p(), kindling::log1p(x)));
  EXPECT_TRUE(same_bits(x.expm1(), kindling::expm1(x)));
  EXPECT_TRUE(same_bits(x.sign(), sign(x)));
  EXPECT_TRUE(same_bits(x.floor(), kindling::floor(x)));
  EXPECT_TRUE(same_bits(x.isnan(), kindling::isnan(x)));
  EXPECT_TRUE(same_bits(x.pow(x), pow(x, x)));
  EXPECT_TRUE(same_bits(x.pow(3), pow(x, 3)));
}

}  // namespace
}  // namespace kindling::test
