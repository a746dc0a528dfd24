// SPDX-License-Identifier: MIT
#include <kindling/kindling.h>

#include "tests/support/array.h"
#include "tests/support/expect_error.h"

#include <cmath>
#include <limits>

// What each op says of operands that do not fit. Undefined operands: undefined_test.cpp.
namespace kindling::test {
namespace {

const Tensor& x() {
  static const Tensor tensor = arange(6).reshape({2, 3});
  return tensor;
}
const Tensor& in_double() {
  static const Tensor tensor = x().to(DType::float64);
  return tensor;
}

TEST(Errors, ShapesThatDoNotBroadcast) {
  const auto text = [](const std::string& op) {
    return op +
           ": shapes [2, 3] and [2, 2] do not broadcast: sizes 3 and 2 of dimension -1 must be "
           "equal, "
           "or one of them 1";
  };
  const Tensor other = zeros({2, 2});
  expect_error<ShapeError>(text("add"), [&] { return x() + other; });
  expect_error<ShapeError>(text("sub"), [&] { return x() - other; });
  expect_error<ShapeError>(text("mul"), [&] { return x() * other; });
  expect_error<ShapeError>(text("div"), [&] { return x() / other; });
  expect_error<ShapeError>(
      "add: shapes [2, 3] and [4, 1, 3, 3] do not broadcast: sizes 2 and 3 of dimension -2 must be "
      "equal, or one of them 1",
      [] {
        return x() + zeros({4, 1, 3, 3});
      });
  expect_error<ShapeError>(
      "mul: shapes [0] and [3] do not broadcast: sizes 0 and 3 of dimension -1 must be equal, or "
      "one "
      "of them 1",
      [] { return zeros({0}) * zeros({3}); });
}

TEST(Errors, DTypesThatDiffer) {
  const auto text = [](const std::string& op) {
    return op + ": dtypes differ: float32 and float64: convert one with to(float32)";
  };
  expect_error<DTypeError>(text("add"), [] { return x() + in_double(); });
  expect_error<DTypeError>(text("sub"), [] { return x() - in_double(); });
  expect_error<DTypeError>(text("mul"), [] { return x() * in_double(); });
  expect_error<DTypeError>(text("div"), [] { return x() / in_double(); });
  expect_error<DTypeError>(text("matmul"), [] { return matmul(x(), in_double().transpose(0, 1)); });
  expect_error<DTypeError>(text("allclose"), [] { return allclose(x(), in_double()); });
  expect_error<DTypeError>("add: dtypes differ: float64 and float32: convert one with to(float64)",
                           [] { return in_double() + x(); });
}

TEST(Errors, DimensionsThatDoNotExist) {
  const auto text = [](const std::string& op, int dim) {
    return message(op, ": dimension ", dim, " does not exist in [2, 3]: expected -2 to 1");
  };
  expect_error<ShapeError>(text("sum", 2), [] { return sum(x(), 2); });
  expect_error<ShapeError>(text("sum", -3), [] { return sum(x(), -3, true); });
  expect_error<ShapeError>(text("mean", 2), [] { return mean(x(), 2); });
  expect_error<ShapeError>(text("argmax", 5), [] { return argmax(x(), 5); });
  expect_error<ShapeError>(text("softmax", 2), [] { return softmax(x(), 2); });
  expect_error<ShapeError>(text("log_softmax", -3), [] { return log_softmax(x(), -3); });
  expect_error<ShapeError>(text("transpose", 2), [] { return transpose(x(), 0, 2); });
  expect_error<ShapeError>(text("transpose", -3), [] { return transpose(x(), -3, 0); });
  expect_error<ShapeError>(text("narrow", 2), [] { return narrow(x(), 2, 0, 1); });
}

TEST(Errors, AScalarHasNoDimension) {
  const Tensor scalar = tensor(1);
  const auto text = [](const std::string& op) {
    return op + ": dimension 0 does not exist in []: a scalar has none";
  };
  expect_error<ShapeError>(text("sum"), [&] { return sum(scalar, 0); });
  expect_error<ShapeError>(text("softmax"), [&] { return softmax(scalar, 0); });
  expect_error<ShapeError>(text("transpose"), [&] { return transpose(scalar, 0, 0); });
  expect_error<ShapeError>(text("narrow"), [&] { return narrow(scalar, 0, 0, 1); });
  expect_error<ShapeError>(text("size"), [&] { return scalar.size(0); });
  expect_error<ShapeError>("index_select: dimension 0 does not exist in []: a scalar has none",
                           [&] { return index_select(scalar, zeros({1})); });
}

TEST(Errors, Matmul) {
  const auto text = [](const std::string& what) { return "matmul: " + what; };
  const std::string inner =
      "the last dimension of the first and the last but one of the second equal";
  const std::string batches = "the same leading dimensions, or a 2-d second";
  expect_error<ShapeError>(text("[2, 3] does not fit [2, 3]: expected " + inner),
                           [] { return matmul(x(), x()); });
  expect_error<ShapeError>(text("[2, 3] does not fit [4]: expected " + inner),
                           [] { return matmul(x(), zeros({4})); });
  expect_error<ShapeError>(text("[4] does not fit [2, 3]: expected " + inner),
                           [] { return matmul(zeros({4}), x()); });
  expect_error<ShapeError>(text("[] does not fit [2, 3]: expected at least one dimension each"),
                           [] { return matmul(tensor(1), x()); });
  expect_error<ShapeError>(text("[2, 3] does not fit []: expected at least one dimension each"),
                           [] { return matmul(x(), tensor(1)); });
  expect_error<ShapeError>(text("[4, 2, 3] does not fit [5, 3, 2]: expected " + batches), [] {
    return matmul(zeros({4, 2, 3}), zeros({5, 3, 2}));
  });
  expect_error<ShapeError>(text("[2, 3] does not fit [5, 3, 2]: expected " + batches), [] {
    return matmul(x(), zeros({5, 3, 2}));
  });
}

TEST(Errors, Reshape) {
  expect_error<ShapeError>("reshape: [2, 3] with 6 elements does not fit [4]",
                           [] { return reshape(x(), {4}); });
  expect_error<ShapeError>("reshape: [2, 3] with 6 elements does not fit [4, -1]", [] {
    return reshape(x(), {4, -1});
  });
  expect_error<ShapeError>("reshape: [2, 3] with 6 elements does not fit [0, -1]", [] {
    return reshape(x(), {0, -1});
  });
  expect_error<ShapeError>("reshape: [0] with 0 elements does not fit [0, -1]", [] {
    return reshape(zeros({0}), {0, -1});
  });
  expect_error<ShapeError>("reshape: [0] with 0 elements does not fit [-1, 0]", [] {
    return reshape(zeros({0}), {-1, 0});
  });
  expect_error<ShapeError>("reshape: shape [-1, -1] has more than one -1", [] {
    return reshape(x(), {-1, -1});
  });
  expect_error<ShapeError>("reshape: shape [2, -3] has a negative size", [] {
    return reshape(x(), {2, -3});
  });
}

TEST(Errors, Narrow) {
  const auto text = [](std::int64_t start, std::int64_t length) {
    return message("narrow: start ", start, " and length ", length,
                   " do not fit dimension 1 of [2, 3]");
  };
  constexpr std::int64_t most = std::numeric_limits<std::int64_t>::max();
  expect_error<ShapeError>(text(1, 3), [] { return narrow(x(), 1, 1, 3); });
  expect_error<ShapeError>(text(-1, 1), [] { return narrow(x(), -1, -1, 1); });
  expect_error<ShapeError>(text(0, -1), [] { return narrow(x(), 1, 0, -1); });
  expect_error<ShapeError>(text(4, 0), [] { return narrow(x(), 1, 4, 0); });
  expect_error<ShapeError>(text(most, most), [] { return narrow(x(), 1, most, most); });
}

TEST(Errors, IndexSelect) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  if (default_device().is_cuda()) {  // nobody waits there to look at the numbers
    for (const double wrong : {2.0, -1.0, nan})
      EXPECT_TRUE(std::isnan(index_select(x(), tensor({0, wrong}))[1][2].item())) << wrong;
  } else {
    const auto text = [](const char* row, int at) {
      return message("index_select: index ", row, " at ", at,
                     ": expected whole numbers from 0 to 1");
    };
    expect_error<ValueError>(text("2", 1), [] { return index_select(x(), tensor({0, 2})); });
    expect_error<ValueError>(text("-1", 0), [] { return index_select(x(), tensor({-1})); });
    expect_error<ValueError>(text("0.5", 0), [] { return index_select(x(), tensor({0.5})); });
    expect_error<ValueError>(text("nan", 0), [&] { return index_select(x(), tensor({nan})); });
  }
  expect_error<ShapeError>("index_select: index [1, 1]: must have one dimension", [] {
    return index_select(x(), zeros({1, 1}));
  });
  expect_error<ShapeError>("index_select: index []: must have one dimension",
                           [] { return index_select(x(), tensor(0)); });
}

TEST(Errors, Allclose) {
  expect_error<ShapeError>("allclose: shapes [2, 3] and [3, 2] differ", [] {
    return allclose(x(), x().reshape({3, 2}));
  });
}

// None of the above has touched its operands.
TEST(Errors, LeaveOperandsAlone) {
  EXPECT_THROW(x() + zeros({4}), ShapeError);
  EXPECT_THROW(narrow(x(), 0, 7, 1), ShapeError);
  EXPECT_TRUE(same(x(), {{2, 3}, {0, 1, 2, 3, 4, 5}}));
  EXPECT_FALSE(x().requires_grad());
}

TEST(Errors, RowsGetNoGradient) {
  const Tensor rows = zeros({2}, {.requires_grad = true});
  expect_error<ValueError>(
      "index_select: index: it requires a gradient, and none flows to it here: give its detach()",
      [&] { return index_select(x(), rows); });
  EXPECT_EQ(index_select(x(), rows.detach()).shape(), Shape(2, 3));
}

}  // namespace
}  // namespace kindling::test
