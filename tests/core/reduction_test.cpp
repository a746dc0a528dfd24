// SPDX-License-Identifier: MIT
#include <kindling/kindling.h>

#include "tests/support/devices.h"
#include "tests/support/expect_error.h"
#include "tests/support/op_case.h"

#include <cmath>
#include <functional>
#include <limits>

namespace kindling::test {
namespace {

// Replaces each run of x along `dim` by what `f` makes of it.
Array along(const Array& x, int dim, bool keepdim,
            const std::function<std::vector<double>(const std::vector<double>&)>& f, bool reduces) {
  std::vector<std::int64_t> kept;
  std::int64_t inner = 1;
  for (int d = 0; d < x.shape.rank(); ++d) {
    if (d > dim) inner *= x.shape[d];
    if (d != dim || !reduces) kept.push_back(x.shape[d]);
    if (d == dim && reduces && keepdim) kept.push_back(1);
  }
  Array y{Shape(std::span<const std::int64_t>(kept))};
  const std::int64_t count = x.shape[dim];
  const std::int64_t runs = reduces ? y.numel() : (count == 0 ? 0 : x.numel() / count);
  for (std::int64_t run = 0; run < runs; ++run) {
    const std::int64_t start = run / inner * count * inner + run % inner;
    std::vector<double> values;
    for (std::int64_t k = 0; k < count; ++k) values.push_back(x[start + k * inner]);
    const std::vector<double> result = f(values);
    for (std::size_t k = 0; k < result.size(); ++k) {
      y[reduces ? run : start + static_cast<std::int64_t>(k) * inner] = result[k];
    }
  }
  return y;
}

std::vector<double> sum_of(const std::vector<double>& x) {
  long double sum = 0;
  for (const double value : x) sum += value;
  return {static_cast<double>(sum)};
}
std::vector<double> mean_of(const std::vector<double>& x) {
  return {sum_of(x)[0] / static_cast<double>(x.size())};
}
std::vector<double> softmax_of(const std::vector<double>& x) {
  double sum = 0;
  for (const double value : x) sum += std::exp(value);
  std::vector<double> result;
  for (const double value : x) result.push_back(std::exp(value) / sum);
  return result;
}
std::vector<double> log_softmax_of(const std::vector<double>& x) {
  std::vector<double> result = softmax_of(x);
  for (double& value : result) value = std::log(value);
  return result;
}
std::vector<double> argmax_of(const std::vector<double>& x) {
  std::size_t best = 0;
  for (std::size_t k = 1; k < x.size(); ++k) {
    if (x[k] > x[best]) best = k;
  }
  return {static_cast<double>(best)};
}

Array flat(const Array& x) { return {Shape(x.numel()), x.values}; }

std::vector<OpCase> reduction_cases() {
  std::vector<OpCase> cases;
  for (const Shape& shape : {Shape(), Shape(0), Shape(1), Shape(7), Shape(3, 5), Shape(2, 3, 4),
                             Shape(70001), Shape(257, 130), Shape(2, 0, 3)}) {
    const Array x = spread(shape, -2, 2);
    // Summing n numbers costs about sqrt(n) units in the last place.
    const double digits = std::sqrt(static_cast<double>(std::max<std::int64_t>(shape.numel(), 1)));
    const Tolerance sum32{1e-6, 1e-6 * digits};
    const Tolerance sum64{1e-14, 1e-14 * digits};
    cases.push_back(
        {.name = "sum_" + name_of(shape),
         .inputs = {x},
         .op = [](const auto& in) { return sum(in[0]); },
         .reference = [](const auto& in) { return along(flat(in[0]), 0, false, sum_of, true); },
         .differentiable = {0},
         .value32 = sum32,
         .value64 = sum64,
         .grad64 = {1e-8, 1e-9 * digits}});
    if (shape.numel() == 0) continue;
    cases.push_back(
        {.name = "mean_" + name_of(shape),
         .inputs = {x},
         .op = [](const auto& in) { return mean(in[0]); },
         .reference = [](const auto& in) { return along(flat(in[0]), 0, false, mean_of, true); },
         .differentiable = {0}});
    cases.push_back(
        {.name = "argmax_" + name_of(shape),
         .inputs = {x},
         .op = [](const auto& in) { return argmax(in[0]).to(in[0].dtype()); },
         .reference =
             [](const auto& in) { return along(flat(in[0]), 0, false, argmax_of, true); }});
  }
  for (const Shape& shape : {Shape(1), Shape(7), Shape(3, 5), Shape(2, 3, 4), Shape(2, 0, 3),
                             Shape(257, 130), Shape(3, 1000, 2), Shape(40000, 3)}) {
    const Array x = spread(shape, -2, 2);
    for (int dim = -shape.rank(); dim < shape.rank(); ++dim) {
      const int d = dim < 0 ? dim + shape.rank() : dim;
      if (dim < 0 && shape.numel() > 1000) continue;
      const std::string suffix =
          name_of(shape) + (dim < 0 ? "_from_end" : "_along") + std::to_string(std::abs(dim));
      const double digits = std::sqrt(static_cast<double>(std::max<std::int64_t>(shape[d], 1)));
      for (const bool keepdim : {false, true}) {
        const std::string name = (keepdim ? "_kept_" : "_") + suffix;
        cases.push_back(
            {.name = "sum" + name,
             .inputs = {x},
             .op = [=](const auto& in) { return sum(in[0], dim, keepdim); },
             .reference = [=](const auto& in) { return along(in[0], d, keepdim, sum_of, true); },
             .differentiable = {0},
             .value32 = {1e-6, 1e-6 * digits},
             .value64 = {1e-14, 1e-14 * digits},
             .grad64 = {1e-8, 1e-8}});
        if (shape[d] == 0) continue;
        cases.push_back(
            {.name = "mean" + name,
             .inputs = {x},
             .op = [=](const auto& in) { return mean(in[0], dim, keepdim); },
             .reference = [=](const auto& in) { return along(in[0], d, keepdim, mean_of, true); },
             .differentiable = {0}});
        cases.push_back(
            {.name = "argmax" + name,
             .inputs = {x},
             .op = [=](const auto& in) { return argmax(in[0], dim, keepdim).to(in[0].dtype()); },
             .reference =
                 [=](const auto& in) { return along(in[0], d, keepdim, argmax_of, true); }});
      }
      cases.push_back(
          {.name = "softmax_" + suffix,
           .inputs = {x},
           .op = [=](const auto& in) { return softmax(in[0], dim); },
           .reference = [=](const auto& in) { return along(in[0], d, false, softmax_of, false); },
           .differentiable = {0}});
      cases.push_back(
          {.name = "log_softmax_" + suffix,
           .inputs = {x},
           .op = [=](const auto& in) { return log_softmax(in[0], dim); },
           .reference =
               [=](const auto& in) { return along(in[0], d, false, log_softmax_of, false); },
           .differentiable = {0},
           .value32 = {1e-6, 2e-6},
           .value64 = {1e-14, 1e-13},
           .grad32 = {4e-6, 1e-5},
           .grad64 = {1e-8, 1e-7}});
    }
  }
  return cases;
}
INSTANTIATE_TEST_SUITE_P(Reduction, OpTest, testing::ValuesIn(reduction_cases()), case_name);

TEST(Reduction, TheMeanOfNothingIsNaN) {
  for (const DType dtype : kDTypes) {
    EXPECT_TRUE(std::isnan(mean(zeros({0}, {.dtype = dtype})).item()));
    const Tensor rows = mean(zeros({2, 0}, {.dtype = dtype}), 1);
    EXPECT_EQ(rows.shape(), Shape(2));
    EXPECT_TRUE(std::isnan(rows[1].item()));
  }
}

TEST(Argmax, TakesTheFirstOfEqualsAndNaNAboveAll) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const double infinity = std::numeric_limits<double>::infinity();
  for (const DType dtype : kDTypes) {
    const auto first = [&](const NestedNumbers& values) {
      return tensor(values, {.dtype = dtype}).argmax().item();
    };
    EXPECT_EQ(first({1, 3, 3, 2}), 1);
    EXPECT_EQ(first({1, nan, 3, nan, infinity}), 1);
    EXPECT_EQ(first({-infinity, -infinity}), 0);
    EXPECT_EQ(first({0.0, -0.0}), 0);
  }
}

TEST(Argmax, IsNotDifferentiable) {
  EXPECT_FALSE(argmax(ones({3}, {.requires_grad = true})).requires_grad());
}

TEST(Argmax, OfNothingIsAnError) {
  expect_error<ValueError>("argmax: [0] has no element to choose from",
                           [] { return argmax(zeros({0})); });
  expect_error<ValueError>("argmax: [2, 0] has no element to choose from", [] {
    return argmax(zeros({2, 0}), 1);
  });
  EXPECT_EQ(argmax(zeros({2, 0}), 0).shape(), Shape(0));
}

TEST(Argmax, IsAnInt64OfAnySize) {
  constexpr std::int64_t kMost = std::int64_t{1} << 24;
  const Tensor x = zeros({kMost + 2});
  x.narrow(0, kMost + 1, 1).fill_(1);
  EXPECT_EQ(argmax(x).dtype(), int64);
  EXPECT_EQ(argmax(x).item(), kMost + 1);
}

TEST(Softmax, HoldsForLargeLogits) {
  for (const DType dtype : kDTypes) {
    const Tensor x = tensor({{1e4, 0, -1e4}, {-1e4, -1e4, -1e4}}, {.dtype = dtype});
    const double third = std::log(1.0 / 3);
    EXPECT_TRUE(
        close(to_array(softmax(x, 1)), {{2, 3}, {1, 0, 0, 1. / 3, 1. / 3, 1. / 3}}, {1e-7, 0}));
    EXPECT_TRUE(close(to_array(log_softmax(x, 1)), {{2, 3}, {0, -1e4, -2e4, third, third, third}},
                      {1e-7, 0}));
  }
}

TEST(Softmax, OfAMaskedElementIsZero) {
  const double infinity = std::numeric_limits<double>::infinity();
  EXPECT_EQ(softmax(tensor({0, -infinity}), 0).to_vector<double>(), (std::vector<double>{1, 0}));
}

TEST(Reduction, MembersAreTheSameFunctions) {
  const Tensor x = tensor({{1, 2, 5}, {3, 4, 6}});
  EXPECT_TRUE(same_bits(x.sum(), sum(x)));
  EXPECT_TRUE(same_bits(x.sum(1, true), sum(x, 1, true)));
  EXPECT_TRUE(same_bits(x.mean(), mean(x)));
  EXPECT_TRUE(same_bits(x.mean(0), mean(x, 0)));
  EXPECT_TRUE(same_bits(x.argmax(), argmax(x)));
  EXPECT_TRUE(same_bits(x.argmax(-1, true), argmax(x, -1, true)));
  EXPECT_TRUE(same_bits(x.softmax(0), softmax(x, 0)));
  EXPECT_TRUE(same_bits(x.log_softmax(0), log_softmax(x, 0)));
}

}  // namespace
}  // namespace kindling::test
