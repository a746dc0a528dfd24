// SPDX-License-Identifier: MIT
// Comparisons, and what is chosen by them; powers.
#include <kindling/kindling.h>

#include "tests/support/devices.h"
#include "tests/support/expect_error.h"
#include "tests/support/op_case.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace kindling::test {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

Shape broadcast_of(const Shape& a, const Shape& b) {
  Shape out = a.rank() >= b.rank() ? a : b;
  const Shape& other = a.rank() >= b.rank() ? b : a;
  for (int d = 1; d <= other.rank(); ++d)
    out[out.rank() - d] = std::max(out[out.rank() - d], other[other.rank() - d]);
  return out;
}

Array combined(const Array& a, const Array& b, double (*f)(double, double)) {
  Array y(broadcast_of(a.shape, b.shape));
  for (std::int64_t i = 0; i < y.numel(); ++i) {
    const auto index = index_of(y.shape, i);
    y[i] = f(a.at_broadcast(index), b.at_broadcast(index));
  }
  return y;
}

struct Pairwise {
  std::string name;
  Tensor (*op)(const Tensor&, const Tensor&);
  double (*f)(double, double);
  bool tracked = true;
};
const Pairwise kPairwise[] = {
    {"maximum", maximum, [](double a, double b) { return std::max(a, b); }},
    {"minimum", minimum, [](double a, double b) { return std::min(a, b); }},
    {"pow", pow, [](double a, double b) { return std::pow(a, b); }},
    {"equal", operator==, [](double a, double b) { return a == b ? 1.0 : 0.0; }, false},
    {"not_equal", operator!=, [](double a, double b) { return a != b ? 1.0 : 0.0; }, false},
    {"less", operator<, [](double a, double b) { return a < b ? 1.0 : 0.0; }, false},
    {"less_equal", operator<=, [](double a, double b) { return a <= b ? 1.0 : 0.0; }, false},
    {"greater", operator>, [](double a, double b) { return a > b ? 1.0 : 0.0; }, false},
    {"greater_equal", operator>=, [](double a, double b) { return a >= b ? 1.0 : 0.0; }, false},
};

// x where the mask (0 and others, NaN too) is not 0, else y.
Array chosen(const Array& mask, const Array& x, const Array& y) {
  Array out(broadcast_of(mask.shape, broadcast_of(x.shape, y.shape)));
  for (std::int64_t i = 0; i < out.numel(); ++i) {
    const auto index = index_of(out.shape, i);
    out[i] = mask.at_broadcast(index) != 0 ? x.at_broadcast(index) : y.at_broadcast(index);
  }
  return out;
}

Array mask_of(const Shape& shape) {
  Array mask = spread(shape, -1, 1, 9);
  for (double& value : mask.values) value = value < 0 ? 0 : 1 + value;
  return mask;
}

std::vector<OpCase> selection_cases() {
  std::vector<OpCase> cases;
  const std::pair<Shape, Shape> shapes[] = {
      {{}, {}},         {{0}, {0}},          {{3, 5}, {3, 5}},      {{3, 5}, {5}},
      {{3, 1}, {1, 5}}, {{2, 1, 4}, {3, 1}}, {{257, 130}, {257, 1}}};
  for (const Pairwise& op : kPairwise) {
    for (const auto& [a, b] : shapes) {
      OpCase op_case{.name = op.name + "_" + name_of(a) + "_" + name_of(b),
                     .inputs = {spread(a, 0.5, 2, 1), spread(b, 0.55, 2, 2)},
                     .op = [f = op.op](const auto& in) { return f(in[0], in[1]); },
                     .reference = [f = op.f](const auto& in) { return combined(in[0], in[1], f); },
                     .grad32 = {4e-6, 4e-5},
                     .grad64 = {1e-8, 1e-7}};
      if (op.tracked && a.rank() < 2) op_case.differentiable = {0, 1};
      if (op.name == "pow") op_case.differentiable = {0, 1};
      cases.push_back(std::move(op_case));
    }
  }
  for (const auto& [a, b] : shapes) {
    cases.push_back({.name = "where_" + name_of(a) + "_" + name_of(b),
                     .inputs = {mask_of(a), spread(b, -2, 2, 1), spread(a, -2, 2, 2)},
                     .op = [](const auto& in) { return where(in[0], in[1], in[2]); },
                     .reference = [](const auto& in) { return chosen(in[0], in[1], in[2]); },
                     .differentiable = {1, 2},
                     .grad32 = {4e-6, 4e-5},
                     .grad64 = {1e-8, 1e-7}});
    cases.push_back(
        {.name = "masked_fill_" + name_of(a) + "_" + name_of(b),
         .inputs = {mask_of(b), spread(a, -2, 2, 2)},
         .op = [](const auto& in) { return masked_fill(in[1], in[0], 0.75); },
         .reference = [](const auto& in) { return chosen(in[0], Array({}, {0.75}), in[1]); },
         .differentiable = {1},
         .grad32 = {4e-6, 4e-5},
         .grad64 = {1e-8, 1e-7}});
  }
  const Array x{{6}, {-2, -1.1, -0.4, 0.3, 1.2, 5}};
  for (const auto& [low, high] :
       {std::pair{-1.0, 1.0}, {-1.0, kInfinity}, {-kInfinity, 0.5}, {-kInfinity, kInfinity}}) {
    cases.push_back(
        {.name = message("clamp_", cases.size()),
         .inputs = {x},
         .op = [low = low, high = high](const auto& in) { return clamp(in[0], low, high); },
         .reference =
             [low = low, high = high](const auto& in) {
               Array y = in[0];
               for (double& v : y.values) v = std::clamp(v, low, high);
               return y;
             },
         .differentiable = {0}});
  }
  for (const double number : {-2.0, 0.5, 3.0}) {
    cases.push_back({.name = message("pow_number_", cases.size()),
                     .inputs = {spread({7}, 0.5, 2)},
                     .op = [=](const auto& in) { return pow(in[0], number); },
                     .reference =
                         [=](const auto& in) {
                           Array y = in[0];
                           for (double& v : y.values) v = std::pow(v, number);
                           return y;
                         },
                     .differentiable = {0},
                     .grad32 = {4e-6, 4e-6}});
  }
  cases.push_back({.name = "number_pow",
                   .inputs = {spread({7}, -2, 2)},
                   .op = [](const auto& in) { return pow(1.5, in[0]); },
                   .reference =
                       [](const auto& in) {
                         Array y = in[0];
                         for (double& v : y.values) v = std::pow(1.5, v);
                         return y;
                       },
                   .differentiable = {0}});
  return cases;
}
INSTANTIATE_TEST_SUITE_P(Selection, OpTest, testing::ValuesIn(selection_cases()), case_name);

TEST(Selection, ComparesWithNumbersOnEitherSide) {
  const Tensor x = tensor({-1, 0, 2, NAN}, {.requires_grad = true});
  EXPECT_TRUE(same(x == 0, {{4}, {0, 1, 0, 0}}));
  EXPECT_TRUE(same(x != 0, {{4}, {1, 0, 1, 1}}));
  EXPECT_TRUE(same(x < 0, {{4}, {1, 0, 0, 0}}));
  EXPECT_TRUE(same(x <= 0, {{4}, {1, 1, 0, 0}}));
  EXPECT_TRUE(same(x > 0, {{4}, {0, 0, 1, 0}}));
  EXPECT_TRUE(same(x >= 0, {{4}, {0, 1, 1, 0}}));
  EXPECT_TRUE(same(0 == x, {{4}, {0, 1, 0, 0}}));
  EXPECT_TRUE(same(0 != x, {{4}, {1, 0, 1, 1}}));
  EXPECT_TRUE(same(0 < x, {{4}, {0, 0, 1, 0}}));
  EXPECT_TRUE(same(0 <= x, {{4}, {0, 1, 1, 0}}));
  EXPECT_TRUE(same(0 > x, {{4}, {1, 0, 0, 0}}));
  EXPECT_TRUE(same(0 >= x, {{4}, {1, 1, 0, 0}}));
  EXPECT_FALSE((x > 0).requires_grad());
  EXPECT_FALSE((x == x).requires_grad());
}

// Neither values nor gradients of what was not chosen get through, nor does a sign of zero change.
TEST(Selection, WhereKeepsNothingOfTheOther) {
  for (const DType dtype : kDTypes) {
    const Tensor x = tensor({0.0, 4.0, -1.0, -0.0}, {.dtype = dtype, .requires_grad = true});
    const Tensor y = where(x > 0, log(x), 7);
    EXPECT_TRUE(close(to_array(y), {{4}, {7, std::log(4), 7, 7}}, {1e-6, 0}));
    y.sum().backward();
    // log's gradient, 0 / 0, is that of log itself: it is the op before that must not see it
    EXPECT_EQ(x.grad().to_vector<double>()[1], 0.25);
    const Tensor zeros = where(tensor({1.0, 1.0, 0.0, 0.0}, {.dtype = dtype}),
                               tensor({-0.0, 0.0, kInfinity, kNan}, {.dtype = dtype}),
                               tensor({kNan, kInfinity, -0.0, 0.0}, {.dtype = dtype}));
    const std::vector<double> got = zeros.to_vector<double>();
    for (std::size_t i = 0; i < 4; ++i) {
      EXPECT_EQ(got[i], 0);
      EXPECT_EQ(std::signbit(got[i]), i % 2 == 0) << i;
    }
    EXPECT_TRUE(
        same(where(tensor({1.0, 0.0}, {.dtype = dtype}), 2.0, tensor({3.0, 4.0}, {.dtype = dtype})),
             {{2}, {2, 4}}));
  }
}

TEST(Selection, EqualOperandsShareTheGradient) {
  const Tensor a = tensor({1, 2, 3}, {.requires_grad = true});
  const Tensor b = tensor({1, 5, 0}, {.requires_grad = true});
  maximum(a, b).backward(tensor({1, 1, 1}));
  EXPECT_TRUE(same(a.grad(), {{3}, {0.5, 0, 1}}));
  EXPECT_TRUE(same(b.grad(), {{3}, {0.5, 1, 0}}));
  minimum(a, b).backward(tensor({1, 1, 1}));
  EXPECT_TRUE(same(a.grad(), {{3}, {1, 1, 1}}));
  EXPECT_TRUE(same(b.grad(), {{3}, {1, 1, 1}}));
  const Tensor x = tensor({-1, 0, 1}, {.requires_grad = true});
  clamp(x, -1, 1).sum().backward();
  EXPECT_TRUE(same(x.grad(), {{3}, {1, 1, 1}})) << "the ends belong to the range";
}

TEST(Selection, NaNPasses) {
  const Tensor nan = tensor({NAN, 1, NAN}), one = tensor({1, NAN, NAN});
  for (const Tensor& y : {maximum(nan, one), minimum(nan, one)})
    for (const double value : y.to_vector<double>()) EXPECT_TRUE(std::isnan(value));
  EXPECT_TRUE(std::isnan(clamp(tensor(NAN), -1, 1).item()));
}

TEST(Selection, PowersAtZero) {
  const Tensor x = tensor({0, 0, 2}, {.requires_grad = true});
  const Tensor e = tensor({0, 2, 0}, {.requires_grad = true});
  pow(x, e).backward(tensor({1, 1, 1}));
  EXPECT_TRUE(same(x.grad(), {{3}, {0, 0, 0}}));
  EXPECT_TRUE(close(to_array(e.grad()), {{3}, {0, 0, std::log(2)}}, {1e-6, 0}));
}

TEST(Selection, RefusesWhatCannotBe) {
  const Tensor x = tensor({1, 2}), tracked = tensor({1, 0}, {.requires_grad = true});
  expect_error<ValueError>("clamp: from 2 to 1: low must not be above high",
                           [&] { return clamp(x, 2, 1); });
  expect_error<ValueError>("clamp: from nan to 1: low must not be above high",
                           [&] { return clamp(x, NAN, 1); });
  const std::string no_gradient =
      ": it requires a gradient, and none flows to it here: give its detach()";
  expect_error<ValueError>("where: condition" + no_gradient, [&] { return where(tracked, x, x); });
  expect_error<ValueError>("masked_fill: mask" + no_gradient,
                           [&] { return masked_fill(x, tracked, 1); });
  const Tensor three = tensor({1, 2, 3});
  const std::string unequal = ": sizes 2 and 3 of dimension -1 must be equal, or one of them 1";
  expect_error<ShapeError>("==: shapes [2] and [3] do not broadcast" + unequal,
                           [&] { return x == three; });
  expect_error<ShapeError>("where: shapes [2] and [3] do not broadcast" + unequal,
                           [&] { return where(x, x, three); });
  expect_error<ValueError>(undefined("<"), [&] { return Tensor() < x; });
  expect_error<ValueError>(undefined("maximum"), [&] { return maximum(x, Tensor()); });
}

}  // namespace
}  // namespace kindling::test
