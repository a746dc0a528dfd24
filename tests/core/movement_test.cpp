// SPDX-License-Identifier: MIT
#include <kindling/kindling.h>

#include "tests/support/devices.h"
#include "tests/support/expect_error.h"
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

OpCase permute_case(const Shape& shape, const std::vector<int>& dims) {
  return {.name = message("permute_", name_of(shape), "_",
                          dims.empty() ? 0 : dims.front() + shape.rank()),
          .inputs = {spread(shape, -2, 2)},
          .op = [=](const auto& in) { return permute(in[0], dims); },
          .reference =
              [=](const auto& in) {
                Shape to = shape;
                for (std::size_t d = 0; d < dims.size(); ++d)
                  to[static_cast<int>(d)] = shape[(dims[d] + shape.rank()) % shape.rank()];
                return gather(in[0], to, [=](const std::vector<std::int64_t>& index) {
                  std::vector<std::int64_t> from(index.size());
                  for (std::size_t d = 0; d < dims.size(); ++d)
                    from[static_cast<std::size_t>((dims[d] + shape.rank()) % shape.rank())] =
                        index[d];
                  return from;
                });
              },
          .differentiable = {0}};
}

OpCase expand_case(const Shape& shape, const Shape& to, const Shape& result) {
  return {.name = "expand_" + name_of(shape) + "_" + name_of(result),
          .inputs = {spread(shape, -2, 2)},
          .op = [=](const auto& in) { return expand(in[0], to); },
          .reference =
              [=](const auto& in) {
                Array y(result);
                for (std::int64_t i = 0; i < y.numel(); ++i)
                  y[i] = in[0].at_broadcast(index_of(result, i));
                return y;
              },
          .differentiable = {0},
          .grad32 = {4e-6, 4e-6},
          .grad64 = {1e-8, 1e-7}};
}

// The inputs one after the other along dimension d.
Array concatenated(const std::vector<Array>& in, int d) {
  Shape to = in[0].shape;
  to[d] = 0;
  for (const Array& x : in) to[d] += x.shape[d];
  Array y(to);
  for (std::int64_t i = 0; i < y.numel(); ++i) {
    std::vector<std::int64_t> index = index_of(to, i);
    std::int64_t& along = index[static_cast<std::size_t>(d)];
    std::size_t which = 0;
    while (along >= in[which].shape[d]) along -= in[which++].shape[d];
    std::int64_t offset = 0;
    for (int k = 0; k < to.rank(); ++k)
      offset = offset * in[which].shape[k] + index[static_cast<std::size_t>(k)];
    y[i] = in[which][offset];
  }
  return y;
}

OpCase cat_case(const std::vector<Shape>& shapes, int dim) {
  OpCase op_case{.name = message("cat_", shapes.size(), "_", name_of(shapes.back()), "_",
                                 dim + shapes[0].rank()),
                 .inputs = {},
                 .op = [=](const auto& in) { return cat(in, dim); },
                 .reference =
                     [=](const auto& in) {
                       return concatenated(in, (dim + shapes[0].rank()) % shapes[0].rank());
                     }};
  for (std::size_t i = 0; i < shapes.size(); ++i) {
    op_case.inputs.push_back(spread(shapes[i], -2, 2, static_cast<std::uint32_t>(i + 1)));
    op_case.differentiable.push_back(i);
  }
  return op_case;
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
      permute_case({3, 5}, {1, 0}),
      permute_case({2, 3, 4}, {2, 0, 1}),
      permute_case({2, 3, 4}, {-2, -1, 0}),
      permute_case({2, 0, 3}, {0, 2, 1}),
      permute_case({}, {}),
      permute_case({40, 3, 50}, {1, 2, 0}),
      expand_case({3, 1}, {3, 5}, {3, 5}),
      expand_case({5}, {2, 3, -1}, {2, 3, 5}),
      expand_case({}, {4}, {4}),
      expand_case({2, 1, 3}, {-1, 4, 3}, {2, 4, 3}),
      expand_case({3, 5}, {3, 5}, {3, 5}),
      expand_case({1, 3}, {0, 3}, {0, 3}),
      expand_case({130}, {257, 130}, {257, 130}),
      cat_case({{3}}, 0),
      cat_case({{2, 3}, {4, 3}}, 0),
      cat_case({{2, 3}, {2, 1}, {2, 4}}, -1),
      cat_case({{2, 1, 2}, {2, 3, 2}, {2, 0, 2}, {2, 2, 2}, {2, 1, 2}}, 1),
      cat_case({{0, 3}, {2, 3}}, 0),
      cat_case({{300, 60}, {300, 197}}, 1),
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
  EXPECT_TRUE(same_bits(x.permute({1, 0}), permute(x, {1, 0})));
  EXPECT_TRUE(same_bits(x.expand({2, 2, 3}), expand(x, {2, 2, 3})));
  EXPECT_TRUE(same_bits(x.matmul(x.transpose(0, 1)), matmul(x, transpose(x, 0, 1))));
}

TEST(Movement, ViewsOfOtherShapesShareTheArrayAndPassGradients) {
  const Tensor x = tensor({{{1, 2}}, {{3, 4}}, {{5, 6}}}, {.requires_grad = true});  // [3, 1, 2]
  const std::pair<Tensor, Shape> views[] = {{x.squeeze(1), {3, 2}},
                                            {x.squeeze(-2), {3, 2}},
                                            {x.squeeze(), {3, 2}},
                                            {x.unsqueeze(0), {1, 3, 1, 2}},
                                            {x.unsqueeze(-1), {3, 1, 2, 1}},
                                            {x.unsqueeze(3), {3, 1, 2, 1}},
                                            {x.flatten(), {6}},
                                            {x.flatten(1), {3, 2}},
                                            {x.flatten(0, 1), {3, 2}},
                                            {x.flatten(1, 1), {3, 1, 2}}};
  for (const auto& [view, shape] : views) {
    EXPECT_EQ(view.shape(), shape);
    EXPECT_EQ(view.to_vector<double>(), x.to_vector<double>());
    EXPECT_EQ(view.impl()->storage.get(), x.impl()->storage.get());
    (view * view).sum().backward();
    EXPECT_TRUE(same(x.grad(), {{3, 1, 2}, {2, 4, 6, 8, 10, 12}}));
    x.impl()->grad_defined = false;
  }
  EXPECT_EQ(tensor(3).flatten().shape(), Shape(1));
  EXPECT_EQ(tensor(3).unsqueeze(0).shape(), Shape(1));
}

TEST(Movement, SplitAndStackUndoEachOther) {
  const Tensor x = tensor({{1, 2, 3, 4, 5}, {6, 7, 8, 9, 10}}, {.requires_grad = true});
  const std::vector<Tensor> parts = x.split(2, 1);
  ASSERT_EQ(parts.size(), 3U);
  EXPECT_TRUE(same(parts[0], {{2, 2}, {1, 2, 6, 7}}));
  EXPECT_TRUE(same(parts[2], {{2, 1}, {5, 10}}));
  EXPECT_TRUE(same_bits(cat(parts, 1), x));
  const Tensor columns = stack({x[0], x[1]}, -1);
  EXPECT_TRUE(same_bits(columns, x.transpose(0, 1)));
  EXPECT_TRUE(same_bits(stack({x[0], x[1]}), x));
  (columns * columns).sum().backward();
  EXPECT_TRUE(same_bits(x.grad(), (x * 2.0).detach()));
}

TEST(Movement, CatOfOneTensorIsACopy) {
  const Tensor x = tensor({1, 2});
  cat({x}).fill_(0);
  EXPECT_TRUE(same(x, {{2}, {1, 2}}));
}

TEST(Movement, RefusesWhatDoesNotFit) {
  const Tensor x = zeros({2, 1, 3});
  expect_error<ShapeError>(
      "squeeze: dimension 2 of [2, 1, 3] has the size 3: only one of size 1 can be left out",
      [&] { return squeeze(x, -1); });
  expect_error<ShapeError>(
      "unsqueeze: dimension 4 cannot be added to [2, 1, 3]: it must be from -4 to 3",
      [&] { return unsqueeze(x, 4); });
  expect_error<ShapeError>(
      "flatten: dimensions 2 to 1 of [2, 1, 3]: the first must not come after the last",
      [&] { return flatten(x, 2, 1); });
  for (const std::vector<int>& dims : {std::vector<int>{0, 1}, {0, 1, 1}, {0, 1, 2, 0}})
    expect_error<ShapeError>(
        message("permute: ", dims.size(), " dimension numbers do not name each of [2, 1, 3] once"),
        [&] { return permute(x, dims); });
  expect_error<ShapeError>(
      "expand: [2, 1, 3] cannot become [1, 3]: only dimensions of size 1, and new ones in front, "
      "are "
      "repeated",
      [&] {
        return expand(x, {1, 3});
      });
  expect_error<ShapeError>(
      "expand: [2, 1, 3] cannot become [1, 1, 3]: only dimensions of size 1, and new ones in "
      "front, "
      "are repeated",
      [&] {
        return expand(x, {1, 1, 3});
      });
  expect_error<ShapeError>("expand: negative size in shape [-1, 2, 1, 3]", [&] {
    return expand(x, {-1, 2, 1, 3});
  });
  expect_error<ValueError>("cat: no tensors: give at least one", [] { return cat({}); });
  expect_error<ShapeError>("cat: shapes [2, 1, 3] and [2, 2, 2] may differ in dimension 1 only",
                           [&] {
                             return cat({x, zeros({2, 2, 2})}, 1);
                           });
  expect_error<ShapeError>("cat: shapes [2, 1, 3] and [2, 1] may differ in dimension 0 only", [&] {
    return cat({x, zeros({2, 1})});
  });
  expect_error<ValueError>(undefined("cat"), [&] { return cat({x, Tensor()}); });
  expect_error<ValueError>("stack: no tensors: give at least one", [] { return stack({}); });
  expect_error<ShapeError>("stack: shapes [2, 1, 3] and [3] differ: all must be equal", [&] {
    return stack({x, zeros({3})});
  });
  expect_error<ValueError>("split: size 0: must be at least 1", [&] { return split(x, 0); });
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
