// SPDX-License-Identifier: MIT
#include <kindling/kindling.h>

#include "tests/support/devices.h"
#include "tests/support/op_case.h"

namespace kindling::test {
namespace {

// y[index] = x[from(index)] for every index of `shape`.
Array gather(const Array& x, const Shape& shape,
             const std::function<std::vector<std::int64_t>(std::vector<std::int64_t>)>& from) {
  Array y(shape);
  for (std::int64_t i = 0; i < y.numel(); ++i) {
    y[i] = x.at_broadcast(from(index_of(shape, i)));
  }
  return y;
}

OpCase transpose_case(const Shape& shape, int dim0, int dim1) {
  const auto first = static_cast<std::size_t>(dim0 < 0 ? dim0 + shape.rank() : dim0);
  const auto second = static_cast<std::size_t>(dim1 < 0 ? dim1 + shape.rank() : dim1);
  return {.name = message("transpose_", name_of(shape), "_", dim0 + shape.rank(), "_",
                          dim1 + shape.rank()),
          .inputs = {spread(shape, -2, 2)},
          .op = [=](const auto& in) { return transpose(in[0], dim0, dim1); },
          .reference =
              [=](const auto& in) {
                Shape to = shape;
                std::swap(to[static_cast<int>(first)], to[static_cast<int>(second)]);
                return gather(in[0], to, [=](std::vector<std::int64_t> index) {
                  std::swap(index[first], index[second]);
                  return index;
                });
              },
          .differentiable = {0}};
}

OpCase narrow_case(const Shape& shape, int dim, std::int64_t start, std::int64_t length) {
  const int d = dim < 0 ? dim + shape.rank() : dim;
  return {
      .name = message("narrow_", name_of(shape), "_", dim + shape.rank(), "_", start, "_", length),
      .inputs = {spread(shape, -2, 2)},
      .op = [=](const auto& in) { return narrow(in[0], dim, start, length); },
      .reference =
          [=](const auto& in) {
            Shape to = shape;
            to[d] = length;
            Array y(to);
            for (std::int64_t i = 0; i < y.numel(); ++i) {
              std::vector<std::int64_t> index = index_of(to, i);
              index[static_cast<std::size_t>(d)] += start;
              std::int64_t offset = 0;
              for (int k = 0; k < shape.rank(); ++k) {
                offset = offset * shape[k] + index[static_cast<std::size_t>(k)];
              }
              y[i] = in[0][offset];
            }
            return y;
          },
      .differentiable = {0}};
}

OpCase reshape_case(const Shape& shape, const Shape& to, const Shape& result) {
  return {.name = "reshape_" + name_of(shape) + "_" + name_of(result),
          .inputs = {spread(shape, -2, 2)},
          .op = [=](const auto& in) { return reshape(in[0], to); },
          .reference = [=](const auto& in) { return Array(result, in[0].values); },
          .differentiable = {0}};
}

OpCase index_select_case(const Shape& shape, const std::vector<double>& rows) {
  const Array index(Shape(rows.size()), rows);
  return {.name = "index_select_" + name_of(shape) + "_" + name_of(index.shape),
          .inputs = {spread(shape, -2, 2), index},
          .op = [](const auto& in) { return index_select(in[0], in[1]); },
          .reference =
              [=](const auto& in) {
                Shape to = shape;
                to[0] = index.numel();
                Array y(to);
                const std::int64_t row = shape[0] == 0 ? 0 : in[0].numel() / shape[0];
                for (std::int64_t i = 0; i < y.numel(); ++i) {
                  y[i] = in[0][static_cast<std::int64_t>(index[i / row]) * row + i % row];
                }
                return y;
              },
          .differentiable = {0}};
}

std::vector<OpCase> movement_cases() {
  std::vector<OpCase> cases{
      transpose_case({1}, 0, 0),
      transpose_case({3, 5}, 0, 1),
      transpose_case({3, 5}, -1, 0),
      transpose_case({2, 3, 4}, 0, 2),
      transpose_case({2, 3, 4}, 1, 2),
      transpose_case({2, 3, 4}, 1, 1),
      transpose_case({2, 3, 4, 5}, 1, -1),
      transpose_case({0, 3}, 0, 1),
      transpose_case({257, 300}, 0, 1),
      transpose_case({2, 3, 1, 2, 2, 1, 2, 3}, 1, 6),
      narrow_case({7}, 0, 2, 3),
      narrow_case({3, 5}, 0, 1, 2),
      narrow_case({3, 5}, 1, 2, 2),
      narrow_case({3, 5}, -1, 4, 1),
      narrow_case({2, 3, 4}, 1, 0, 2),
      narrow_case({3, 5}, 0, 3, 0),
      narrow_case({3, 5}, 1, 5, 0),
      narrow_case({0, 3}, 1, 1, 2),
      narrow_case({300, 257}, 1, 5, 200),
      narrow_case({70001}, 0, 3, 65000),
      reshape_case({}, {1}, {1}),
      reshape_case({6}, {2, 3}, {2, 3}),
      reshape_case({2, 3}, {-1}, {6}),
      reshape_case({2, 3, 4}, {4, -1}, {4, 6}),
      reshape_case({1}, {}, {}),
      reshape_case({0, 3}, {5, 0}, {5, 0}),
      reshape_case({0, 3}, {3, -1}, {3, 0}),
      index_select_case({4, 3}, {2, 0, 3}),
      index_select_case({4, 3}, {1, 1, 1, 3, 1}),  // a row more than once: its gradients add
      index_select_case({4}, {3, 0}),
      index_select_case({4, 3}, {}),
      index_select_case({4, 2, 3}, {3, 2}),
      index_select_case({3, 0}, {2, 0}),
  };
  OpCase clone{.name = "clone_3x5",
               .inputs = {spread({3, 5}, -2, 2)},
               .op = [](const auto& in) { return in[0].clone(); },
               .reference = [](const auto& in) { return in[0]; },
               .differentiable = {0}};
  cases.push_back(clone);
  clone.name = "clone_70001";
  clone.inputs = {spread({70001}, -2, 2)};
  cases.push_back(clone);
  cases.push_back({.name = "row",
                   .inputs = {spread({3, 5}, -2, 2)},
                   .op = [](const auto& in) { return in[0][-2]; },
                   .reference =
                       [](const auto& in) {
                         return Array({5}, {in[0].values.begin() + 5, in[0].values.begin() + 10});
                       },
                   .differentiable = {0}});
  return cases;
}
INSTANTIATE_TEST_SUITE_P(Movement, OpTest, testing::ValuesIn(movement_cases()), case_name);

TEST(Movement, MembersAreTheSameFunctions) {
  const Tensor x = tensor({{1, 2, 5}, {3, 4, 6}});
  EXPECT_TRUE(same_bits(x.transpose(0, 1), transpose(x, 0, 1)));
  EXPECT_TRUE(same_bits(x.reshape({3, 2}), reshape(x, {3, 2})));
  EXPECT_TRUE(same_bits(x.narrow(1, 1, 2), narrow(x, 1, 1, 2)));
  EXPECT_TRUE(same_bits(x.index_select(tensor({1})), index_select(x, tensor({1}))));
  EXPECT_TRUE(same_bits(x.matmul(x.transpose(0, 1)), matmul(x, transpose(x, 0, 1))));
}

TEST(IndexSelect, TakesRowsOfEitherDType) {
  const Tensor x = tensor({{1, 2}, {3, 4}});
  const Tensor rows = tensor({1, 0}, {.dtype = DType::float64});
  EXPECT_TRUE(same(index_select(x, rows), {{2, 2}, {3, 4, 1, 2}}));
}

TEST(Conversion, PassesGradientsBackInTheInputsDType) {
  for (const DType from : kDTypes) {
    const DType to = from == DType::float32 ? DType::float64 : DType::float32;
    const Tensor x = tensor({1, 2, 3}, {.dtype = from, .requires_grad = true});
    const Tensor y = x.to(to);
    EXPECT_EQ(y.dtype(), to);
    (y * y).sum().backward();
    EXPECT_EQ(x.grad().dtype(), from);
    EXPECT_TRUE(same(x.grad(), {{3}, {2, 4, 6}}));
    (x.to(to) * 3).sum().backward();
    EXPECT_TRUE(same(x.grad(), {{3}, {5, 7, 9}}));
    // Through another op, twice.
    const Tensor z = x * 2;
    const Tensor total = (z.to(to) * 3).sum() + z.to(to).sum();
    total.backward();
    EXPECT_TRUE(same(x.grad(), {{3}, {13, 15, 17}}));
  }
}

TEST(Conversion, OfTheRightDTypeIsTheTensorItself) {
  const OnCpu on_cpu;
  const Tensor x = ones({2});
  EXPECT_EQ(x.to(DType::float32).data<float>(), x.data<float>());
  EXPECT_EQ(x.to(Device::cpu()).data<float>(), x.data<float>());
  EXPECT_NE(static_cast<void*>(x.to(DType::float64).data<double>()),
            static_cast<void*>(x.data<float>()));
}

}  // namespace
}  // namespace kindling::test
