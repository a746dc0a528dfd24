// SPDX-License-Identifier: MIT
// The float functions of kernels/math, through the kernels of every backend, against <cmath> in
// double.
#include "tests/kernels/kernel_test.h"
#include "tests/support/special_values.h"

#include <limits>

namespace kindling::test {
namespace {

using namespace kernels;

/// Distance in units of the last place of the exact result, at least those of the smallest normal
/// number, since subnormal results are flushed to zero.
double error_in_ulp(float value, double exact) {
  if (std::isnan(exact)) return std::isnan(value) ? 0 : 1e9;
  constexpr double largest = std::numeric_limits<float>::max();
  if (std::isinf(value) || std::abs(exact) > largest)
    return std::isinf(value) && std::abs(exact) > largest * (1 - 1e-6) && (value > 0) == (exact > 0)
               ? 0
               : 1e9;
  if (std::abs(exact) < 0x1p-126 && std::abs(value) <= 0x1p-126f) return 0;
  int exponent = 0;
  std::frexp(exact, &exponent);
  return std::abs(static_cast<double>(value) - exact) /
         std::ldexp(1.0, std::max(exponent - 24, -149));
}

/// The worst error of op over all normal floats of [low, high], `step` bit patterns apart.
double worst_error(Backend& backend, UnaryOp op, double (*exact)(double), float low, float high,
                   std::uint32_t step = 1009) {
  double worst = 0;
  std::vector<float> x;
  const auto check = [&] {
    Buffer<float> in(backend, x);
    Buffer<float> out(backend, static_cast<std::int64_t>(x.size()));
    run(backend, Unary{op, in.view(), out.view()});
    const std::vector<float> y = out.values();
    for (std::size_t i = 0; i < x.size(); ++i)
      worst = std::max(worst, error_in_ulp(y[i], exact(static_cast<double>(x[i]))));
    x.clear();
  };
  for (std::uint64_t bits = 0; bits < (std::uint64_t{1} << 32); bits += step) {
    const auto word = static_cast<std::uint32_t>(bits);
    float value;
    std::memcpy(&value, &word, sizeof value);
    const bool subnormal = value != 0 && std::abs(value) < 0x1p-126f;
    if (!subnormal && (std::isnan(value) || (value >= low && value <= high))) x.push_back(value);
    if (x.size() == 65536) check();
  }
  check();
  return worst;
}

double sigmoid(double x) { return 1 / (1 + std::exp(-x)); }
double gelu(double x) { return x * 0.5 * std::erfc(-x * 0.70710678118654752440); }

TEST(Functions, ExpIsWithinAnUlp) {
  on_every_backend([](Backend& backend) {
    EXPECT_LE(
        worst_error(
            backend, UnaryOp::exp, [](double x) { return std::exp(x); }, -kInfinity, kInfinity),
        1.05);
  });
}

TEST(Functions, LogIsWithinAnUlp) {
  on_every_backend([](Backend& backend) {
    EXPECT_LE(
        worst_error(
            backend, UnaryOp::log, [](double x) { return std::log(x); }, -kInfinity, kInfinity),
        1.0);
  });
}

TEST(Functions, TanhIsWithinTwoUlp) {
  on_every_backend([](Backend& backend) {
    EXPECT_LE(
        worst_error(
            backend, UnaryOp::tanh, [](double x) { return std::tanh(x); }, -kInfinity, kInfinity),
        2.0);
  });
}

TEST(Functions, SigmoidIsWithinThreeUlp) {
  on_every_backend([](Backend& backend) {
    EXPECT_LE(worst_error(backend, UnaryOp::sigmoid, sigmoid, -kInfinity, kInfinity), 3.0);
  });
}

// However large the argument is, and near multiples of pi / 2.
TEST(Functions, SineAndCosineAreWithinThreeUlp) {
  on_every_backend([](Backend& backend) {
    EXPECT_LE(
        worst_error(
            backend, UnaryOp::sin, [](double x) { return std::sin(x); }, -kInfinity, kInfinity),
        3.0);
    EXPECT_LE(
        worst_error(
            backend, UnaryOp::cos, [](double x) { return std::cos(x); }, -kInfinity, kInfinity),
        3.0);
  });
}

TEST(Functions, SineAndCosineInDoubleAreWithinFourUlp) {
  on_every_backend([](Backend& backend) {
    std::vector<double> x{
        6381956970095103.0 * 0x1p797, 1e22, 1e308, 3.141592653589793, 0.785, 1e-9};
    for (int i = -1000; i < 1000; ++i) x.push_back(i * 1.5707963267948966);
    for (int i = 0; i < 4000; ++i) x.push_back(std::ldexp(1.0 + i * 0x1p-12, i / 4 - 20));
    Buffer<double> in(backend, x);
    Buffer<double> out(backend, static_cast<std::int64_t>(x.size()));
    // In long double, since <cmath>'s own are some ulps off for the first of x.
    const auto expect = [&](UnaryOp op, long double (*exact)(long double)) {
      run(backend, Unary{op, in.view(), out.view()});
      const std::vector<double> y = out.values();
      for (std::size_t i = 0; i < x.size(); ++i)
        EXPECT_LE(std::abs(y[i] - exact(x[i])), 8.9e-16L * std::abs(exact(x[i]))) << x[i];
    };
    expect(UnaryOp::sin, [](long double v) { return std::sin(v); });
    expect(UnaryOp::cos, [](long double v) { return std::cos(v); });
  });
}

TEST(Functions, LogAndExpAroundOneAreWithinThreeUlp) {
  on_every_backend([](Backend& backend) {
    EXPECT_LE(
        worst_error(
            backend, UnaryOp::log1p, [](double x) { return std::log1p(x); }, -kInfinity, kInfinity),
        3.0);
    EXPECT_LE(
        worst_error(
            backend, UnaryOp::expm1, [](double x) { return std::expm1(x); }, -kInfinity, kInfinity),
        4.0);
    EXPECT_LE(worst_error(
                  backend, UnaryOp::softplus,
                  [](double x) { return std::fmax(x, 0) + std::log1p(std::exp(-std::abs(x))); },
                  -80.0f, kInfinity),
              4.0);
  });
}

// The lower tail, where PyTorch's float formula cancels, keeps all but three bits, until the
// probability is subnormal and flushed.
TEST(Functions, GeluIsWithinFourUlpAndSevenInItsTail) {
  on_every_backend([](Backend& backend) {
    EXPECT_LE(worst_error(backend, UnaryOp::gelu, gelu, -1.0f, 1e30f), 4.0);
    EXPECT_LE(worst_error(backend, UnaryOp::gelu, gelu, -12.8f, -1.0f), 7.0);
  });
}

TEST(Functions, EdgesAreExact) {
  on_every_backend([](Backend& backend) {
    const auto at = [&backend](UnaryOp op, float x) {
      Buffer<float> in(backend, std::vector<float>{x});
      Buffer<float> out(backend, 1);
      run(backend, Unary{op, in.view(), out.view()});
      return out.values()[0];
    };
    EXPECT_EQ(at(UnaryOp::exp, 0.0f), 1.0f);
    EXPECT_EQ(at(UnaryOp::exp, 89.0f), kInfinity);
    EXPECT_EQ(at(UnaryOp::exp, -kInfinity), 0.0f);
    EXPECT_EQ(at(UnaryOp::log, 1.0f), 0.0f);
    EXPECT_EQ(at(UnaryOp::log, 0.0f), -kInfinity);
    EXPECT_EQ(at(UnaryOp::log, kInfinity), kInfinity);
    EXPECT_TRUE(std::isnan(at(UnaryOp::log, -1.0f)));
    EXPECT_EQ(at(UnaryOp::tanh, kInfinity), 1.0f);
    EXPECT_EQ(at(UnaryOp::tanh, -kInfinity), -1.0f);
    EXPECT_EQ(at(UnaryOp::sigmoid, -kInfinity), 0.0f);
    EXPECT_EQ(at(UnaryOp::sigmoid, kInfinity), 1.0f);
    EXPECT_EQ(at(UnaryOp::gelu, -100.0f), 0.0f);
    EXPECT_EQ(at(UnaryOp::gelu, 100.0f), 100.0f);
  });
}

}  // namespace
}  // namespace kindling::test
