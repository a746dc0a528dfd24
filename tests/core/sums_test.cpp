// SPDX-License-Identifier: MIT
// Every reduction of the library is accurate at every length: float32 within four units in the last
// place of the sum of magnitudes, float64 within a few, which grow with the logarithm of the
// length.
#include <kindling/kindling.h>

#include "tests/support/devices.h"
#include "tests/support/terms.h"

#include <cmath>
#include <functional>
#include <string>
#include <tuple>
#include <vector>

namespace kindling::test {
namespace {

/// A reduction of n terms, and what it ought to give.
struct SumCase {
  std::string name;
  std::function<Tensor(const Tensor& x)> reduce;  // from the terms x [n]; all its elements count
  std::function<ExactSum(const Terms& terms)> exact;
  double more_ulps = 0;  // for roundings beside those of the sum

  friend void PrintTo(const SumCase& sum_case, std::ostream* out) { *out << sum_case.name; }
};

TensorOptions like(const Tensor& x, bool requires_grad = false) {
  return {.dtype = x.dtype(), .device = x.device(), .requires_grad = requires_grad};
}

/// [n, width] with x in each column.
Tensor columns(const Tensor& x, std::int64_t width) {
  return x.reshape({-1, 1}) + zeros({1, width}, like(x));
}
/// Several strips of columns, where that is not too much memory.
std::int64_t many(const Tensor& x) { return x.numel() <= 1000 ? 150 : 3; }

/// [n + 1]: x behind a zero.
Tensor behind_zero(const Tensor& x) {
  const Tensor y = zeros({x.numel() + 1}, like(x));
  y.narrow(0, 1, x.numel()).copy_(x);
  return y;
}

/// The gradient of a leaf of `shape` that is added to a tensor of gradient `grad`.
Tensor gradient_of_addend(const Shape& shape, const Tensor& grad) {
  const Tensor addend = zeros(shape, like(grad, true));
  (zeros(grad.shape(), like(grad)) + addend).backward(grad);
  return addend.grad();
}

Tensor gradient_of_bias(const Tensor& x, std::int64_t out, bool of_weight) {
  const Tensor weight = zeros({out, 1}, like(x, of_weight));
  const Tensor bias = zeros({out}, like(x, true));
  nn::linear(zeros({x.numel(), 1}, like(x)), weight, bias).backward(columns(x, out));
  return bias.grad();
}

ExactSum scaled(ExactSum sum, long double factor) {
  return {sum.value * factor, sum.magnitude * std::abs(factor)};
}
ExactSum mean_of_terms(const Terms& terms) {
  return scaled(terms.sum(), 1.0L / static_cast<long double>(terms.size()));
}
ExactSum squares(const Terms& terms) {
  return terms.sum_of([](long double x) { return x * x; });
}
/// log sum exp(x)
long double normalizer(const Terms& terms) {
  return std::log(terms.sum_of([](long double x) { return std::exp(x); }).value);
}
/// A value whose roundings count in units of its own size.
ExactSum alone(long double value) { return {value, std::abs(value)}; }
ExactSum difference(long double a, long double b) { return {a - b, std::abs(a) + std::abs(b)}; }

std::vector<SumCase> sum_cases() {
  const auto sum_of_terms = [](const Terms& terms) { return terms.sum(); };
  const auto surprise_of_first = [](const Terms& terms) {
    return difference(normalizer(terms), static_cast<long double>(terms.values()[0]));
  };
  return {
      {"sum", [](const Tensor& x) { return sum(x); }, sum_of_terms},
      {"sum_along_last",
       [](const Tensor& x) {
         return sum(x.reshape({1, -1}) + zeros({2, 1}, like(x)), 1);
       },
       sum_of_terms},
      {"sum_along_first", [](const Tensor& x) { return sum(columns(x, many(x)), 0); },
       sum_of_terms},
      {"sum_along_middle",
       [](const Tensor& x) {
         return sum(columns(x, 3) + zeros({2, 1, 1}, like(x)), 1);
       },
       sum_of_terms},
      {"mean", [](const Tensor& x) { return mean(x); }, mean_of_terms, 0.5},
      {"mean_along_first", [](const Tensor& x) { return mean(columns(x, 2), 0); }, mean_of_terms,
       0.5},
      {"gradient_of_scalar", [](const Tensor& x) { return gradient_of_addend({}, x); },
       sum_of_terms},
      {"gradient_of_row", [](const Tensor& x) { return gradient_of_addend({3}, columns(x, 3)); },
       sum_of_terms},
      {"gradient_of_column",
       [](const Tensor& x) {
         return gradient_of_addend({2, 1}, x.reshape({1, -1}) + zeros({2, 1}, like(x)));
       },
       sum_of_terms},
      {"gradient_of_middle",
       [](const Tensor& x) {
         return gradient_of_addend({2, 1}, columns(x, 6).reshape({-1, 2, 3}));
       },
       [](const Terms& terms) { return scaled(terms.sum(), 3); }, 1.5},
      {"gradient_of_bias", [](const Tensor& x) { return gradient_of_bias(x, many(x), true); },
       sum_of_terms},
      {"gradient_of_one_bias", [](const Tensor& x) { return gradient_of_bias(x, 1, true); },
       sum_of_terms},
      {"gradient_of_bias_alone",
       [](const Tensor& x) { return gradient_of_bias(x, many(x), false); }, sum_of_terms},
      {"l1_loss",
       [](const Tensor& x) {
         return nn::l1_loss(x, zeros(x.shape(), like(x)), nn::Reduction::sum);
       },
       [](const Terms& terms) { return terms.sum_of([](long double x) { return std::abs(x); }); }},
      {"mse_loss", [](const Tensor& x) { return nn::mse_loss(x, zeros(x.shape(), like(x))); },
       [](const Terms& terms) {
         return scaled(squares(terms), 1.0L / static_cast<long double>(terms.size()));
       },
       1},
      {"huber_loss",
       [](const Tensor& x) {
         return nn::huber_loss(x, zeros(x.shape(), like(x)), nn::Reduction::sum);
       },
       [](const Terms& terms) { return scaled(squares(terms), 0.5L); }, 1},
      {"clip_grad_norm",
       [](const Tensor& x) {
         const Tensor parameter = zeros(x.shape(), like(x, true));
         (parameter * 1.0).backward(x);
         return optim::clip_grad_norm_({parameter}, 1e9);
       },
       [](const Terms& terms) { return alone(std::sqrt(squares(terms).value)); }, 1},
      {"softmax", [](const Tensor& x) { return softmax(x, 0).narrow(0, 0, 1); },
       [](const Terms& terms) {
         return alone(std::exp(static_cast<long double>(terms.values()[0]) - normalizer(terms)));
       },
       5},
      {"softmax_along_first",
       [](const Tensor& x) { return softmax(columns(x, 2), 0).narrow(0, 0, 1); },
       [](const Terms& terms) {
         return alone(std::exp(static_cast<long double>(terms.values()[0]) - normalizer(terms)));
       },
       5},
      {"log_softmax", [](const Tensor& x) { return -log_softmax(x, 0).narrow(0, 0, 1); },
       surprise_of_first, 3},
      {"log_softmax_along_first",
       [](const Tensor& x) { return -log_softmax(columns(x, 2), 0).narrow(0, 0, 1); },
       surprise_of_first, 3},
      // softmax of zeros is y = 1 / m: the gradient of the first is y (0 - sum g y)
      {"softmax_backward",
       [](const Tensor& x) {
         const Tensor logits = zeros({x.numel() + 1}, like(x, true));
         softmax(logits, 0).backward(behind_zero(x));
         return logits.grad().narrow(0, 0, 1) * -1.0;
       },
       [](const Terms& terms) {
         const auto m = static_cast<long double>(terms.size() + 1);
         return scaled(terms.sum(), 1 / (m * m));
       },
       3},
      // exp(y) is 1 for the first and 0 for the others: the gradient of the first is 0 - sum g
      {"log_softmax_backward",
       [](const Tensor& x) {
         Tensor logits = full({x.numel() + 1}, -2000, like(x));
         logits.narrow(0, 0, 1).zero_();
         logits.set_requires_grad(true);
         log_softmax(logits, 0).backward(behind_zero(x));
         return logits.grad().narrow(0, 0, 1) * -1.0;
       },
       sum_of_terms},
      {"cross_entropy_of_classes",
       [](const Tensor& x) {
         return nn::cross_entropy_loss(x.reshape({1, -1}), zeros({1}, like(x)));
       },
       surprise_of_first, 3},
      {"cross_entropy_smoothed",
       [](const Tensor& x) {
         return nn::cross_entropy_loss(x.reshape({1, -1}), zeros({1}, like(x)), nn::Reduction::mean,
                                       1);
       },
       [](const Terms& terms) { return difference(normalizer(terms), mean_of_terms(terms).value); },
       4},
      {"cross_entropy_of_probabilities",
       [](const Tensor& x) {
         return nn::cross_entropy_loss(zeros({1, x.numel()}, like(x)), x.reshape({1, -1}));
       },
       [](const Terms& terms) {
         return scaled(terms.sum(), std::log(static_cast<long double>(terms.size())));
       },
       3},
      // softmax of zeros is 1 / m: the gradient of the first is (sum t) / m - 0
      {"cross_entropy_backward",
       [](const Tensor& x) {
         const Tensor logits = zeros({1, x.numel() + 1}, like(x, true));
         nn::cross_entropy_loss(logits, behind_zero(x).reshape({1, -1})).backward();
         return logits.grad().reshape({-1}).narrow(0, 0, 1);
       },
       [](const Terms& terms) {
         return scaled(terms.sum(), 1 / static_cast<long double>(terms.size() + 1));
       },
       2},
      {"cross_entropy_over_rows",
       [](const Tensor& x) {
         const Tensor logits = x.reshape({-1, 1}) * tensor({1, 0}, like(x));
         return nn::cross_entropy_loss(logits, ones({x.numel()}, like(x)), nn::Reduction::sum);
       },
       [](const Terms& terms) {
         return terms.sum_of([](long double x) { return std::log1p(std::exp(x)); });
       },
       3},
  };
}

class SumTest : public testing::TestWithParam<std::tuple<SumCase, DType, std::int64_t>> {};

TEST_P(SumTest, IsAccurate) {
  const auto& [sum_case, dtype, n] = GetParam();
  const double ulps = (dtype == DType::float32 ? 3.5 : 4) + sum_case.more_ulps;
  for (const Device device : available_devices())
    for (const Terms& terms : {Terms::equal(n, dtype), Terms::mixed(n, dtype)}) {
      const Tensor x = from_data(terms.values(), {n}).to(dtype).to(device);
      const ExactSum exact = sum_case.exact(terms);
      for (const double value : sum_case.reduce(x).to(DType::float64).to_vector<double>())
        ASSERT_TRUE(within(value, exact, dtype, ulps));
    }
}

std::string sum_case_name(const testing::TestParamInfo<SumTest::ParamType>& info) {
  const auto& [sum_case, dtype, n] = info.param;
  return sum_case.name + (dtype == DType::float32 ? "_float32_" : "_float64_") + std::to_string(n);
}
INSTANTIATE_TEST_SUITE_P(EveryLength, SumTest,
                         testing::Combine(testing::ValuesIn(sum_cases()),
                                          testing::ValuesIn(kDTypes),
                                          testing::Values(1, 7, 64, 1000, 100'000, 1'000'000)),
                         sum_case_name);

TEST(BiasGradient, OfTwentyMillionRowsOfOneIsExact) {
  const auto n = sized<std::int64_t>(20'000'000, 100'000);
  EXPECT_EQ(gradient_of_bias(ones({n}), 1, true).item(), n);
}

}  // namespace
}  // namespace kindling::test
