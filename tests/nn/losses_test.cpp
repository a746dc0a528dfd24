// SPDX-License-Identifier: MIT
#include <kindling/kindling.h>

#include "tests/support/devices.h"
#include "tests/support/expect_error.h"
#include "tests/support/op_case.h"
#include "tests/support/threads.h"

#include <cmath>
#include <functional>
#include <limits>

namespace kindling::test {
namespace {

using nn::Reduction;

struct NamedReduction {
  std::string name;
  Reduction reduction;
};
const NamedReduction kReductions[] = {
    {"none", Reduction::none}, {"mean", Reduction::mean}, {"sum", Reduction::sum}};

Array reduce(const Array& losses, Reduction reduction) {
  if (reduction == Reduction::none) return losses;
  long double sum = 0;
  for (const double value : losses.values) sum += value;
  if (reduction == Reduction::mean) sum /= static_cast<long double>(losses.numel());
  return {{}, {static_cast<double>(sum)}};
}

struct Difference {
  std::string name;
  std::function<Tensor(const Tensor&, const Tensor&, Reduction)> op;
  std::function<double(double)> f;  // of input - target
};

std::vector<Difference> differences() {
  std::vector<Difference> table{
      {"mse", [](const auto& x, const auto& y, auto r) { return nn::mse_loss(x, y, r); },
       [](double e) { return e * e; }},
      {"l1", [](const auto& x, const auto& y, auto r) { return nn::l1_loss(x, y, r); },
       [](double e) { return std::abs(e); }}};
  for (const double delta : {1.0, 0.25, 3.0}) {
    table.push_back(
        {"huber" + std::to_string(static_cast<int>(delta * 100)),
         [=](const auto& x, const auto& y, auto r) { return nn::huber_loss(x, y, r, delta); },
         [=](double e) {
           return std::abs(e) <= delta ? e * e / 2 : delta * (std::abs(e) - delta / 2);
         }});
  }
  return table;
}

std::vector<OpCase> elementwise_loss_cases() {
  std::vector<OpCase> cases;
  for (const Difference& difference : differences()) {
    for (const NamedReduction& named : kReductions) {
      const Reduction reduction = named.reduction;
      for (const Shape& shape :
           {Shape(), Shape(1), Shape(7), Shape(3, 5), Shape(2, 0), Shape(70001)}) {
        if (shape.numel() == 0 && reduction == Reduction::mean) continue;  // NaN: see below
        const Array target = spread(shape, -2, 2, 2);
        Array input = spread(shape, -2, 2, 1);
        // The kinks: 0 for l1, and +-delta for the second derivative of huber.
        for (std::int64_t i = 0; i < input.numel(); ++i) {
          for (const double kink : {0.0, 0.25, -0.25, 1.0, -1.0, 3.0, -3.0}) {
            if (std::abs(input[i] - target[i] - kink) < 0.01) input[i] = target[i] + kink + 0.01;
          }
        }
        const double root =
            std::sqrt(static_cast<double>(std::max<std::int64_t>(shape.numel(), 1)));
        const double sums = reduction == Reduction::sum ? root : 1;
        cases.push_back(
            {.name = difference.name + "_" + named.name + "_" + name_of(shape),
             .inputs = {input, target},
             .op = [=, op = difference.op](const auto& in) { return op(in[0], in[1], reduction); },
             .reference =
                 [=, f = difference.f](const auto& in) {
                   Array losses(in[0].shape);
                   for (std::int64_t i = 0; i < losses.numel(); ++i)
                     losses[i] = f(in[0][i] - in[1][i]);
                   return reduce(losses, reduction);
                 },
             .differentiable = {0, 1},
             .value32 = {2e-6, 2e-6 * sums},
             .value64 = {1e-14, 1e-14 * sums},
             .grad64 = {1e-7, 1e-9 * sums * root}});
      }
    }
  }
  return cases;
}
INSTANTIATE_TEST_SUITE_P(Loss, OpTest, testing::ValuesIn(elementwise_loss_cases()), case_name);

// logits [N, C], target [N] classes or [N, C] probabilities
Array cross_entropy(const std::vector<Array>& in, Reduction reduction, double smoothing) {
  const std::int64_t rows = in[0].shape[0];
  const std::int64_t classes = in[0].shape[1];
  Array losses{Shape(rows)};
  for (std::int64_t r = 0; r < rows; ++r) {
    double sum = 0;
    for (std::int64_t c = 0; c < classes; ++c) sum += std::exp(in[0][r * classes + c]);
    for (std::int64_t c = 0; c < classes; ++c) {
      double weight = in[1].shape.rank() == 2 ? in[1][r * classes + c]
                                              : (in[1][r] == static_cast<double>(c) ? 1.0 : 0.0);
      weight = (1 - smoothing) * weight + smoothing / static_cast<double>(classes);
      losses[r] -= weight * (in[0][r * classes + c] - std::log(sum));
    }
  }
  return reduce(losses, reduction);
}

std::vector<OpCase> cross_entropy_cases() {
  std::vector<OpCase> cases;
  for (const NamedReduction& named : kReductions) {
    const Reduction reduction = named.reduction;
    for (const Shape& shape :
         {Shape(1, 1), Shape(1, 4), Shape(3, 5), Shape(0, 3), Shape(2000, 37)}) {
      if (shape.numel() == 0 && reduction == Reduction::mean) continue;
      for (const double smoothing : {0.0, 0.1, 1.0}) {
        for (const bool probabilities : {false, true}) {
          Array target = spread(probabilities ? shape : Shape(shape[0]), 0, 1, 2);
          if (probabilities) {
            for (double& value : target.values) value /= static_cast<double>(shape[1]);
          } else {
            for (double& value : target.values) {
              value = std::floor(value * static_cast<double>(shape[1]));
            }
          }
          const double root = std::sqrt(static_cast<double>(std::max<std::int64_t>(shape[0], 1)));
          const double sums = reduction == Reduction::sum ? root : 1;
          cases.push_back(
              {.name = message("cross_entropy_", probabilities ? "probabilities_" : "", named.name,
                               "_", name_of(shape), "_smoothed", static_cast<int>(smoothing * 10)),
               .inputs = {spread(shape, -3, 3, 1), target},
               .op =
                   [=](const auto& in) {
                     return nn::cross_entropy_loss(in[0], in[1], reduction, smoothing);
                   },
               .reference = [=](const auto& in) { return cross_entropy(in, reduction, smoothing); },
               .differentiable = {0},
               .value32 = {2e-6, 2e-6 * sums},
               .value64 = {1e-14, 1e-14 * sums},
               .grad64 = {1e-7, 1e-9 * sums * root}});
        }
      }
    }
  }
  return cases;
}
INSTANTIATE_TEST_SUITE_P(CrossEntropy, OpTest, testing::ValuesIn(cross_entropy_cases()), case_name);

TEST(Losses, AtTheirKinks) {
  const Tensor x = tensor({1, 2, 3}, {.requires_grad = true});
  nn::l1_loss(x, tensor({1, 3, 2}), Reduction::sum).backward();
  EXPECT_TRUE(same(x.grad(), {{3}, {0, -1, 1}}));
  const Tensor y = tensor({1, -1, 2}, {.requires_grad = true});
  nn::huber_loss(y, zeros({3}), Reduction::sum, 1).backward();  // where parabola meets line
  EXPECT_TRUE(same(y.grad(), {{3}, {1, -1, 1}}));
}

TEST(Losses, TheMeanOfNothingIsNaN) {
  EXPECT_TRUE(std::isnan(nn::mse_loss(zeros({0}), zeros({0})).item()));
  EXPECT_TRUE(std::isnan(nn::cross_entropy_loss(zeros({0, 3}), zeros({0})).item()));
}

// loss.backward() takes a short cut when the loss is the root; a scaled loss must not.
TEST(Losses, ScaledAndShared) {
  for (const bool scaled : {false, true}) {
    const Tensor x = tensor({1, 2}, {.requires_grad = true});
    const Tensor y = x * 2.0;
    const Tensor loss = nn::mse_loss(y, zeros({2}), Reduction::sum);
    (scaled ? loss * 3.0 : loss).backward();
    EXPECT_TRUE(
        same(x.grad(), {{2}, scaled ? std::vector<double>{24, 48} : std::vector<double>{8, 16}}));
  }
  const Tensor x = tensor({{1, 2}}, {.requires_grad = true});
  const Tensor y = x * 1.0;
  const Tensor loss = nn::mse_loss(y, zeros({1, 2}), Reduction::sum) + y.sum();
  loss.backward();  // y's gradient has a part that the loss gave away
  EXPECT_TRUE(same(x.grad(), {{1, 2}, {3, 5}}));
}

TEST(Losses, GradientsAreOfTheTargetToo) {
  const Tensor x = tensor({1, 2}, {.requires_grad = true});
  nn::mse_loss(x, x * 3.0, Reduction::sum).backward();  // (2 x)^2
  EXPECT_TRUE(same(x.grad(), {{2}, {8, 16}}));
}

TEST(CrossEntropy, HoldsForLargeLogits) {
  for (const DType dtype : kDTypes) {
    const Tensor logits =
        tensor({{1e4, -1e4}, {-1e4, 1e4}}, {.dtype = dtype, .requires_grad = true});
    const Tensor loss =
        nn::cross_entropy_loss(logits, zeros({2}, {.dtype = dtype}), Reduction::none);
    EXPECT_TRUE(same(loss, {{2}, {0, 2e4}}));
    loss.sum().backward();
    EXPECT_TRUE(same(logits.grad(), {{2, 2}, {0, 0, -1, 1}}));
  }
}

TEST(Losses, AreTheSameForAnyNumberOfThreads) {
  const OnCpu on_cpu;
  const auto run = [](int threads) {
    const ThreadCount count(threads);
    manual_seed(9);
    const Tensor x = randn({3000, 70}, {.requires_grad = true});
    const Tensor y = randn({3000, 70});
    const Tensor classes = randperm(3000) * (1.0 / 50);
    std::vector<double> whole = classes.to_vector<double>();
    for (double& value : whole) value = std::floor(value);
    std::vector<Tensor> results;
    for (const Tensor& loss :
         {nn::mse_loss(x, y), nn::l1_loss(x, y), nn::huber_loss(x, y),
          nn::cross_entropy_loss(x, from_data(whole, {3000}).to(DType::float32))}) {
      x.impl()->grad_defined = false;
      loss.backward();
      results.push_back(loss.detach());
      results.push_back(x.grad().clone());
    }
    return results;
  };
  const std::vector<Tensor> one = run(1);
  const std::vector<Tensor> two = run(2);
  for (std::size_t i = 0; i < one.size(); ++i) EXPECT_TRUE(same_bits(two[i], one[i])) << i;
}

TEST(LossModules, HoldTheirOptions) {
  const Tensor x = tensor({1, 2, 5});
  const Tensor y = tensor({1, 4, 1});
  EXPECT_EQ(nn::MSELoss()(x, y).item(), nn::mse_loss(x, y).item());
  EXPECT_EQ(nn::MSELoss({.reduction = Reduction::sum})(x, y).item(), 20);
  EXPECT_EQ(nn::L1Loss({.reduction = Reduction::sum})(x, y).item(), 6);
  EXPECT_EQ(nn::HuberLoss({.reduction = Reduction::sum, .delta = 2})(x, y).item(), 8);
  const Tensor logits = tensor({{1, 2, 3}});
  EXPECT_EQ(nn::CrossEntropyLoss({.label_smoothing = 0.5})(logits, tensor({0})).item(),
            nn::cross_entropy_loss(logits, tensor({0}), Reduction::mean, 0.5).item());
}

TEST(Losses, EmptyBracesAreTheMean) {
  const Tensor x = ones({2, 2}), y = zeros({2, 2});
  EXPECT_EQ(nn::mse_loss(x, y, {}).item(), 1);
  EXPECT_EQ(nn::Reduction(), nn::Reduction::mean);
}

}  // namespace
}  // namespace kindling::test
