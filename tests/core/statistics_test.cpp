// SPDX-License-Identifier: MIT
#include <kindling/kindling.h>

#include "tests/support/devices.h"
#include "tests/support/expect_error.h"
#include "tests/support/op_case.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace kindling::test {
namespace {

using Numbers = std::vector<double>;

double sum_of_numbers(const Numbers& x) {
  double sum = 0;
  for (const double value : x) sum += value;
  return sum;
}
double mean_of_numbers(const Numbers& x) {
  return sum_of_numbers(x) / static_cast<double>(x.size());
}
double squares_of(const Numbers& x, double center) {
  double sum = 0;
  for (const double value : x) sum += (value - center) * (value - center);
  return sum;
}
double var_of(const Numbers& x) {
  return squares_of(x, mean_of_numbers(x)) / static_cast<double>(x.size() - 1);
}
double biased_var_of(const Numbers& x) {
  return squares_of(x, mean_of_numbers(x)) / static_cast<double>(x.size());
}
double std_of(const Numbers& x) { return std::sqrt(var_of(x)); }
double norm_of(const Numbers& x) { return std::sqrt(squares_of(x, 0)); }
double logsumexp_of(const Numbers& x) {
  double sum = 0;
  for (const double value : x) sum += std::exp(value);
  return std::log(sum);
}
double max_of(const Numbers& x) { return *std::max_element(x.begin(), x.end()); }
double min_of(const Numbers& x) { return *std::min_element(x.begin(), x.end()); }
double argmin_of(const Numbers& x) {
  return static_cast<double>(std::min_element(x.begin(), x.end()) - x.begin());
}

// f of each run of x along the last two dimensions, or along dimension 1 of three.
Array reduced(const Array& x, const std::vector<int>& dims, bool keepdim,
              double (*f)(const Numbers&)) {
  std::vector<std::int64_t> sizes, all;
  const auto is_reduced = [&](int d) {
    return std::find(dims.begin(), dims.end(), d) != dims.end();
  };
  for (int d = 0; d < x.shape.rank(); ++d) {
    all.push_back(is_reduced(d) ? 1 : x.shape[d]);
    if (keepdim || !is_reduced(d)) sizes.push_back(all.back());
  }
  const Shape kept{std::span<const std::int64_t>(all)};
  Array y{Shape(std::span<const std::int64_t>(sizes))};
  for (std::int64_t i = 0; i < y.numel(); ++i) {
    const std::vector<std::int64_t> at = index_of(kept, i);
    Numbers run;
    for (std::int64_t k = 0; k < x.numel(); ++k) {
      const std::vector<std::int64_t> index = index_of(x.shape, k);
      bool in_run = true;
      for (int d = 0; d < x.shape.rank(); ++d)
        in_run = in_run && (is_reduced(d) ||
                            index[static_cast<std::size_t>(d)] == at[static_cast<std::size_t>(d)]);
      if (in_run) run.push_back(x[k]);
    }
    y[i] = f(run);
  }
  return y;
}

std::vector<int> all_dims(const Shape& shape) {
  std::vector<int> dims;
  for (int d = 0; d < shape.rank(); ++d) dims.push_back(d);
  return dims;
}

struct Statistic {
  std::string name;
  Tensor (*along)(const Tensor&, int, bool);
  Tensor (*of_all)(const Tensor&);
  double (*f)(const Numbers&);
  bool tracked = true;
};
const Statistic kStatistics[] = {
    {"var", [](const Tensor& x, int d, bool keep) { return var(x, d, keep); }, var, var_of},
    {"biased_var", [](const Tensor& x, int d, bool keep) { return var(x, d, keep, 0); }, nullptr,
     biased_var_of},
    {"std", [](const Tensor& x, int d, bool keep) { return kindling::std(x, d, keep); },
     kindling::std, std_of},
    {"norm", norm, norm, norm_of},
    {"logsumexp", logsumexp, nullptr, logsumexp_of},
    {"max", max, max, max_of},
    {"min", min, min, min_of},
    {"argmin", [](const Tensor& x, int d, bool keep) { return argmin(x, d, keep).to(x.dtype()); },
     [](const Tensor& x) { return argmin(x).to(x.dtype()); }, argmin_of, false},
};

std::vector<OpCase> statistics_cases() {
  std::vector<OpCase> cases;
  const auto add = [&](const Statistic& s, const Shape& shape, const std::string& suffix,
                       const std::vector<int>& dims, bool keepdim, auto op) {
    OpCase op_case{
        .name = s.name + "_" + name_of(shape) + suffix,
        .inputs = {spread(shape, -2, 2)},
        .op = op,
        .reference = [=, f = s.f](const auto& in) { return reduced(in[0], dims, keepdim, f); },
        .value32 = {3e-6, 3e-6},
        .grad32 = {1e-5, 1e-5},
        .grad64 = {1e-7, 1e-7}};
    if (s.tracked) op_case.differentiable = {0};
    cases.push_back(std::move(op_case));
  };
  for (const Statistic& s : kStatistics) {
    for (const Shape& shape : {Shape(7), Shape(3, 5), Shape(2, 3, 4)}) {
      for (int d = 0; d < shape.rank(); ++d)
        for (const bool keepdim : {false, true})
          add(s, shape, message("_", d, keepdim ? "_kept" : ""), {d}, keepdim,
              [along = s.along, d, keepdim, rank = shape.rank()](const auto& in) {
                return along(in[0], keepdim ? d : d - rank, keepdim);
              });
      if (s.of_all != nullptr)
        add(s, shape, "_all", all_dims(shape), false,
            [of_all = s.of_all](const auto& in) { return of_all(in[0]); });
    }
  }
  const Statistic several[] = {{"sum_dims", nullptr, nullptr, sum_of_numbers},
                               {"mean_dims", nullptr, nullptr, mean_of_numbers}};
  for (const Statistic& s : several)
    for (const std::vector<int>& dims : {std::vector<int>{0, 2}, {1}, {2, 0, 1}, {-1, 0}})
      for (const bool keepdim : {false, true}) {
        std::vector<int> counted = dims;
        for (int& d : counted) d = (d + 3) % 3;
        add(s, {2, 3, 4}, message("_", cases.size()), counted, keepdim,
            [dims, keepdim, is_sum = s.f == sum_of_numbers](const auto& in) {
              return is_sum ? sum(in[0], dims, keepdim) : mean(in[0], dims, keepdim);
            });
      }
  return cases;
}
INSTANTIATE_TEST_SUITE_P(Statistics, OpTest, testing::ValuesIn(statistics_cases()), case_name);

TEST(Statistics, TheFirstOfEqualLargestGetsTheGradient) {
  const Tensor x = tensor({{1, 5, 5}, {7, 2, 7}}, {.requires_grad = true});
  max(x, 1).backward(tensor({2, 3}));
  EXPECT_TRUE(same(x.grad(), {{2, 3}, {0, 2, 0, 3, 0, 0}}));
  min(x, 0).sum().backward();
  EXPECT_TRUE(same(x.grad(), {{2, 3}, {1, 2, 1, 3, 1, 0}}));
}

TEST(Statistics, OfInfinitiesAndNaN) {
  constexpr double infinity = std::numeric_limits<double>::infinity();
  const Tensor x = tensor({{infinity, 1}, {-infinity, 1}, {-infinity, -infinity}, {NAN, 1}});
  const Array none{{4}, {1, -infinity, -infinity, NAN}};
  EXPECT_TRUE(close(to_array(min(x, 1)), none, {}));
  EXPECT_TRUE(close(to_array(max(x, 1)), {{4}, {infinity, 1, -infinity, NAN}}, {}));
  EXPECT_TRUE(close(to_array(logsumexp(x, 1)), {{4}, {infinity, 1, -infinity, NAN}}, {}));
  EXPECT_EQ(logsumexp(tensor({1000, 1000}), 0).item(), static_cast<float>(1000 + std::log(2.0)));
}

TEST(Statistics, OfOneElement) {
  EXPECT_TRUE(std::isnan(var(tensor({3})).item()));
  EXPECT_EQ(var(tensor({3}), 0, false, 0).item(), 0);
  EXPECT_EQ(max(tensor(3)).item(), 3);
}

TEST(Statistics, TheNormOfZerosHasTheGradientZero) {
  const Tensor x = zeros({3}, {.requires_grad = true});
  const Tensor y = norm(x);
  EXPECT_EQ(y.item(), 0);
  y.backward();
  EXPECT_TRUE(same(x.grad(), {{3}, {0, 0, 0}}));
}

// The spread of numbers that are all far from 0.
TEST(Statistics, AVarianceDoesNotCancel) {
  const Tensor x = tensor({1e6, 1e6 + 1, 1e6 + 2});
  EXPECT_EQ(var(x).item(), 1);
  EXPECT_EQ(x.std().item(), 1);
}

TEST(Statistics, MembersAreTheSameFunctions) {
  const Tensor x = tensor({{1, 4, 2}, {5, 3, 0}});
  EXPECT_TRUE(same_bits(x.sum({0, 1}), sum(x, {0, 1})));
  EXPECT_TRUE(same_bits(x.mean({0, 1}, true), mean(x, {0, 1}, true)));
  EXPECT_TRUE(same_bits(x.var(), var(x)));
  EXPECT_TRUE(same_bits(x.var(1, true, 0), var(x, 1, true, 0)));
  EXPECT_TRUE(same_bits(x.std(0), kindling::std(x, 0)));
  EXPECT_TRUE(same_bits(x.norm(), norm(x)));
  EXPECT_TRUE(same_bits(x.norm(1), norm(x, 1)));
  EXPECT_TRUE(same_bits(x.logsumexp(1, true), logsumexp(x, 1, true)));
  EXPECT_TRUE(same_bits(x.max(), max(x)));
  EXPECT_TRUE(same_bits(x.max(0), max(x, 0)));
  EXPECT_TRUE(same_bits(x.min(), min(x)));
  EXPECT_TRUE(same_bits(x.min(0, true), min(x, 0, true)));
  EXPECT_TRUE(same_bits(x.argmin(), argmin(x)));
  EXPECT_TRUE(same_bits(x.argmin(1), argmin(x, 1)));
}

TEST(Statistics, RefusesWhatCannotBe) {
  const Tensor x = zeros({2, 0});
  expect_error<ValueError>("max: [0] has no element to choose from", [&] { return max(x); });
  expect_error<ValueError>("logsumexp: [2, 0] has no element to choose from",
                           [&] { return logsumexp(x, 1); });
  EXPECT_EQ(sum(ones({2, 3}), std::vector<int>{}).item(), 6);
  expect_error<ShapeError>("sum: dimension -2 is named twice", [&] { return sum(x, {0, -2}); });
  expect_error<ValueError>(undefined("var"), [] { return var(Tensor()); });
  expect_error<ValueError>(undefined("norm"), [] { return norm(Tensor()); });
}

}  // namespace
}  // namespace kindling::test
