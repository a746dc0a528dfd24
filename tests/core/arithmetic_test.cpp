// SPDX-License-Identifier: MIT
#include <kindling/kindling.h>

#include "tests/support/devices.h"
#include "tests/support/op_case.h"

#include <algorithm>
#include <limits>

namespace kindling::test {
namespace {

struct Operator {
  std::string name;
  Tensor (*tensors)(const Tensor&, const Tensor&);
  Tensor (*with_number)(const Tensor&, double);
  Tensor (*number_with)(double, const Tensor&);
  double (*f)(double, double);
};

const Operator kOperators[] = {
    {"add", operator+, operator+, operator+, [](double a, double b) { return a + b; }},
    {"sub", operator-, operator-, operator-, [](double a, double b) { return a - b; }},
    {"mul", operator*, operator*, operator*, [](double a, double b) { return a * b; }},
    {"div", operator/, operator/, operator/, [](double a, double b) { return a / b; }},
};

Shape broadcast(const Shape& a, const Shape& b) {
  Shape out = a.rank() > b.rank() ? a : b;
  const auto size = [&](const Shape& shape, int d) {
    const int own = d - (out.rank() - shape.rank());
    return own < 0 ? 1 : shape[own];
  };
  Shape result = out;
  for (int d = 0; d < out.rank(); ++d) result[d] = size(a, d) == 1 ? size(b, d) : size(a, d);
  return result;
}

Array apply(double (*f)(double, double), const Array& a, const Array& b) {
  Array out(broadcast(a.shape, b.shape));
  for (std::int64_t i = 0; i < out.numel(); ++i) {
    const std::vector<std::int64_t> index = index_of(out.shape, i);
    out[i] = f(a.at_broadcast(index), b.at_broadcast(index));
  }
  return out;
}

// Signs of both kinds, and nothing near 0 to divide by.
Array operand(const Shape& shape, std::uint32_t seed) {
  Array values = spread(shape, -2, 2, seed);
  for (double& value : values.values) value += value < 0 ? -0.5 : 0.5;
  return values;
}

const std::pair<Shape, Shape> kShapes[] = {
    {{}, {}},    // scalars
    {{0}, {0}},  // nothing
    {{1}, {1}},
    {{7}, {7}},
    {{3, 5}, {3, 5}},
    {{70001}, {70001}},  // more than one block or task
    {{3, 5}, {5}},       // one row for all
    {{5}, {3, 5}},
    {{3, 5}, {3, 1}},  // one column for all
    {{3, 1}, {1, 5}},  // both repeat
    {{3, 5}, {}},      // a scalar tensor
    {{}, {3, 5}},
    {{3, 5}, {1}},
    {{2, 3, 4}, {3, 1}},
    {{2, 1, 4}, {3, 1}},
    {{2, 3, 4}, {2, 1, 4}},  // a repeated dimension in the middle
    {{4, 1, 3, 1, 2}, {5, 1, 6, 1}},
    {{3, 0}, {1}},  // nothing, repeated
    {{3, 0}, {3, 1}},
    {{1, 0}, {4, 1}},
    {{257, 130}, {130}},
    {{257, 130}, {257, 1}},
    {{2, 3, 2, 2, 1, 2, 1, 2}, {3, 1, 2, 3, 1, 3, 2}},  // as many dimensions as there are
};

// An input that is summed over `count` elements loses some digits of its gradient.
Tolerance summed(Tolerance one, std::int64_t count) {
  const double factor = std::max(1.0, static_cast<double>(count) / 16);
  return {one.relative, one.absolute * factor};
}

std::vector<OpCase> arithmetic_cases() {
  std::vector<OpCase> cases;
  for (const Operator& op : kOperators) {
    for (const auto& [a, b] : kShapes) {
      const std::int64_t numel = broadcast(a, b).numel();
      const std::int64_t smallest = std::max<std::int64_t>(1, std::min(a.numel(), b.numel()));
      OpCase op_case{.name = op.name + "_" + name_of(a) + "_" + name_of(b),
                     .inputs = {operand(a, 1), operand(b, 2)},
                     .op = [f = op.tensors](const auto& in) { return f(in[0], in[1]); },
                     .reference = [f = op.f](const auto& in) { return apply(f, in[0], in[1]); },
                     .differentiable = {0, 1}};
      op_case.grad32 = summed(op_case.grad32, numel / smallest);
      op_case.grad64 = summed({1e-8, 1e-8}, numel / smallest);
      cases.push_back(std::move(op_case));
    }
    for (const Shape& shape : {Shape(), Shape(0), Shape(3, 5), Shape(70001)}) {
      for (const double number : {-0.75}) {
        const Array x = operand(shape, 3);
        const Array constant({}, {number});
        const std::string suffix = message("_", name_of(shape), "_", cases.size());
        cases.push_back(
            {.name = op.name + "_number" + suffix,
             .inputs = {x},
             .op = [f = op.with_number, number](const auto& in) { return f(in[0], number); },
             .reference = [f = op.f,
                           constant](const auto& in) { return apply(f, in[0], constant); },
             .differentiable = {0},
             .grad64 = {1e-8, 1e-8}});
        cases.push_back(
            {.name = "number_" + op.name + suffix,
             .inputs = {x},
             .op = [f = op.number_with, number](const auto& in) { return f(number, in[0]); },
             .reference = [f = op.f,
                           constant](const auto& in) { return apply(f, constant, in[0]); },
             .differentiable = {0},
             .grad64 = {1e-8, 1e-8}});
      }
    }
    // One tensor as both operands.
    cases.push_back({.name = op.name + "_itself",
                     .inputs = {operand({3, 5}, 4)},
                     .op = [f = op.tensors](const auto& in) { return f(in[0], in[0]); },
                     .reference = [f = op.f](const auto& in) { return apply(f, in[0], in[0]); },
                     .differentiable = {0}});
  }
  return cases;
}
INSTANTIATE_TEST_SUITE_P(Arithmetic, OpTest, testing::ValuesIn(arithmetic_cases()), case_name);

TEST(Arithmetic, DividesByZeroAsIEEE754Does) {
  const double infinity = std::numeric_limits<double>::infinity();
  EXPECT_EQ((tensor({1.0, -1.0}) / 0.0).to_vector<double>(), (std::vector{infinity, -infinity}));
  EXPECT_EQ((1.0 / tensor({0.0, -0.0})).to_vector<double>(), (std::vector{infinity, -infinity}));
}

TEST(Arithmetic, AConstantIsRoundedToTheDTypeOnce) {
  const Tensor x = tensor({1, 2, 3});
  const double third = static_cast<float>(1.0 / 3.0);
  EXPECT_EQ((x * (1.0 / 3.0))[0].item(), third);
  EXPECT_EQ((x.to(DType::float64) * (1.0 / 3.0))[0].item(), 1.0 / 3.0);
}

}  // namespace
}  // namespace kindling::test
