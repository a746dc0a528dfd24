// SPDX-License-Identifier: MIT
// Every formula where it is hardest: infinities, NaN, zeros, the largest and the smallest numbers,
// and upstream gradients that are infinite or NaN. Where a limit exists it is expected; where none
// does, what IEEE arithmetic and PyTorch give, NaN. A kink's gradient is 0 whatever comes from
// upstream; a slope that merely tends to 0 times infinity is NaN.
#include <kindling/kernels/math/elementwise.h>

#include "tests/kernels/kernel_test.h"
#include "tests/support/special_values.h"

#include <vector>

namespace kindling::test {
namespace {

using namespace kernels;

constexpr std::int64_t kCopies = 37;  // vectors and single elements

template <class T>
class Limits : public testing::Test {};
using LimitTypes = testing::Types<float, double>;
TYPED_TEST_SUITE(Limits, LimitTypes);

/// The one value of which all elements are copies.
template <class T>
T only(const std::vector<T>& values) {
  for (const T value : values)
    EXPECT_TRUE(value == values[0] || (std::isnan(value) && std::isnan(values[0]))) << value;
  return values[0];
}

template <class T>
T value_at(Backend& backend, UnaryOp op, T x) {
  Buffer<T> in(backend, kCopies, x);
  return only(run_kernel<T>(backend, std::vector<T>(kCopies), [&](View out) {
    run(backend, Unary{op, in.view(), out});
  }));
}

template <class T>
T gradient_at(Backend& backend, UnaryOp op, T x, T g) {
  Buffer<T> saved(backend, kCopies,
                  math::saved_of(op) == math::Saved::output ? value_at(backend, op, x) : x);
  Buffer<T> grad(backend, kCopies, g);
  const View view = math::saved_of(op) == math::Saved::none ? View{} : saved.view();
  return only(run_kernel<T>(backend, std::vector<T>(kCopies), [&](View out) {
    run(backend, UnaryBackward{op, view, grad.view(), out, false});
  }));
}

template <class T>
void expect_exactly(T value, T expected) {
  EXPECT_TRUE(value == expected || (std::isnan(value) && std::isnan(expected)))
      << value << ", expected " << expected;
}

TYPED_TEST(Limits, OfUnaryFormulas) {
  using T = TypeParam;
  using enum UnaryOp;
  const double huge = std::numeric_limits<T>::max();
  const double tiny = 4.0 * static_cast<double>(std::numeric_limits<T>::min());
  struct Row {
    UnaryOp op;
    double x;
    double y;
    double slope;      // the gradient for an upstream gradient of 1
    double infinite;   // for +infinity
    double undefined;  // for NaN
  };
  const std::vector<Row> rows{
      {identity, kInfinity, kInfinity, 1, kInfinity, kNan},
      {identity, -huge, -huge, 1, kInfinity, kNan},
      {neg, kInfinity, -kInfinity, -1, -kInfinity, kNan},
      {neg, kNan, kNan, -1, -kInfinity, kNan},
      {exp, kInfinity, kInfinity, kInfinity, kInfinity, kNan},
      {exp, -kInfinity, 0, 0, kNan, kNan},
      {exp, huge, kInfinity, kInfinity, kInfinity, kNan},
      {exp, -huge, 0, 0, kNan, kNan},
      {exp, tiny, 1, 1, kInfinity, kNan},
      {exp, -0.0, 1, 1, kInfinity, kNan},
      {log, kInfinity, kInfinity, 0, kNan, kNan},
      {log, 0, -kInfinity, kInfinity, kInfinity, kNan},
      {log, -0.0, -kInfinity, -kInfinity, -kInfinity, kNan},
      {log, -kInfinity, kNan, 0, kNan, kNan},
      {log, -1, kNan, -1, -kInfinity, kNan},
      {sqrt, kInfinity, kInfinity, 0, kNan, kNan},
      {sqrt, 0, 0, kInfinity, kInfinity, kNan},
      {sqrt, -0.0, 0, -kInfinity, -kInfinity, kNan},
      {sqrt, -kInfinity, kNan, kNan, kNan, kNan},
      {sqrt, -tiny, kNan, kNan, kNan, kNan},
      {square, kInfinity, kInfinity, kInfinity, kInfinity, kNan},
      {square, -kInfinity, kInfinity, -kInfinity, -kInfinity, kNan},
      {square, huge, kInfinity, kInfinity, kInfinity, kNan},
      {square, tiny, 0, 2 * tiny, kInfinity, kNan},
      {square, 0, 0, 0, kNan, kNan},
      {abs, kInfinity, kInfinity, 1, kInfinity, kNan},
      {abs, -kInfinity, kInfinity, -1, -kInfinity, kNan},
      {abs, -tiny, tiny, -1, -kInfinity, kNan},
      {abs, 0, 0, 0, 0, 0},
      {abs, -0.0, 0, 0, 0, 0},
      {relu, kInfinity, kInfinity, 1, kInfinity, kNan},
      {relu, -kInfinity, 0, 0, 0, 0},
      {relu, -1, 0, 0, 0, 0},
      {relu, 0, 0, 0, 0, 0},
      {relu, -0.0, 0, 0, 0, 0},
      {relu, tiny, tiny, 1, kInfinity, kNan},
      {relu, kNan, kNan, 1, kInfinity, kNan},
      {tanh, kInfinity, 1, 0, kNan, kNan},
      {tanh, -kInfinity, -1, 0, kNan, kNan},
      {tanh, huge, 1, 0, kNan, kNan},
      {tanh, -huge, -1, 0, kNan, kNan},
      {tanh, tiny, tiny, 1, kInfinity, kNan},
      {sigmoid, kInfinity, 1, 0, kNan, kNan},
      {sigmoid, -kInfinity, 0, 0, kNan, kNan},
      {sigmoid, huge, 1, 0, kNan, kNan},
      {sigmoid, -huge, 0, 0, kNan, kNan},
      {sigmoid, -0.0, 0.5, 0.25, kInfinity, kNan},
      {softplus, kInfinity, kInfinity, 1, kInfinity, kNan},
      {softplus, -kInfinity, 0, 0, kNan, kNan},
      {softplus, huge, huge, 1, kInfinity, kNan},
      {softplus, -huge, 0, 0, kNan, kNan},
      {sin, kInfinity, kNan, kNan, kNan, kNan},
      {sin, tiny, tiny, 1, kInfinity, kNan},
      {cos, -kInfinity, kNan, kNan, kNan, kNan},
      {cos, 0, 1, -0.0, kNan, kNan},
      {log1p, kInfinity, kInfinity, 0, kNan, kNan},
      {log1p, -1, -kInfinity, kInfinity, kInfinity, kNan},
      {log1p, -2, kNan, -1, -kInfinity, kNan},
      {log1p, tiny, tiny, 1, kInfinity, kNan},
      {expm1, kInfinity, kInfinity, kInfinity, kInfinity, kNan},
      {expm1, -kInfinity, -1, 0, kNan, kNan},
      {expm1, huge, kInfinity, kInfinity, kInfinity, kNan},
      {expm1, tiny, tiny, 1, kInfinity, kNan},
      {sign, -kInfinity, -1, 0, 0, 0},
      {sign, -0.0, 0, 0, 0, 0},
      {floor, -tiny, -1, 0, 0, 0},
      {floor, kInfinity, kInfinity, 0, 0, 0},
      {isnan, kInfinity, 0, 0, 0, 0},
      {isnan, kNan, 1, 0, 0, 0},
  };
  const std::vector<UnaryOp> gated{gelu, gelu_tanh, silu};
  on_every_backend([&](Backend& backend) {
    const auto check = [&](const Row& row) {
      SCOPED_TRACE(testing::Message() << "op " << name_of(row.op) << " at " << row.x);
      const T x = static_cast<T>(row.x);
      expect_exactly(value_at(backend, row.op, x), static_cast<T>(row.y));
      expect_exactly(gradient_at(backend, row.op, x, T(1)), static_cast<T>(row.slope));
      expect_exactly(gradient_at(backend, row.op, x, T(kInfinity)), static_cast<T>(row.infinite));
      expect_exactly(gradient_at(backend, row.op, x, T(kNan)), static_cast<T>(row.undefined));
    };
    for (const Row& row : rows) check(row);
    for (const UnaryOp op : gated) {
      check({op, kInfinity, kInfinity, 1, kInfinity, kNan});
      check({op, -kInfinity, 0, 0, kNan, kNan});
      check({op, huge, huge, 1, kInfinity, kNan});
      check({op, -huge, 0, 0, kNan, kNan});
      check({op, tiny, tiny / 2, 0.5, kInfinity, kNan});
      check({op, -0.0, 0, 0.5, kInfinity, kNan});
    }
    for (int op = 0; op <= static_cast<int>(UnaryOp::last); ++op) {  // NaN in, NaN out
      if (op != static_cast<int>(isnan))
        expect_exactly(value_at(backend, static_cast<UnaryOp>(op), T(kNan)), T(kNan));
      if (op != static_cast<int>(identity) && op != static_cast<int>(neg) &&
          op != static_cast<int>(relu) &&
          math::saved_of(static_cast<UnaryOp>(op)) != math::Saved::steps)
        expect_exactly(gradient_at(backend, static_cast<UnaryOp>(op), T(kNan), T(1)), T(kNan));
    }
  });
}

// A factor of 2 in the formula must not overflow where the gradient does not.
TYPED_TEST(Limits, HugeNumbersTimesSmallGradients) {
  using T = TypeParam;
  const T huge = std::numeric_limits<T>::max();
  on_every_backend([&](Backend& backend) {
    expect_exactly(gradient_at(backend, UnaryOp::square, huge, T(0.25)), huge / 2);
    expect_exactly(gradient_at(backend, UnaryOp::silu, huge, T(0.25)), T(0.25));
  });
}

TYPED_TEST(Limits, OddFormulasKeepTheSignOfZero) {
  using T = TypeParam;
  on_every_backend([](Backend& backend) {
    for (const UnaryOp op :
         {UnaryOp::identity, UnaryOp::sqrt, UnaryOp::tanh, UnaryOp::gelu, UnaryOp::gelu_tanh,
          UnaryOp::silu, UnaryOp::sin, UnaryOp::log1p, UnaryOp::expm1, UnaryOp::floor}) {
      EXPECT_TRUE(std::signbit(value_at(backend, op, T(-0.0)))) << name_of(op);
      EXPECT_FALSE(std::signbit(value_at(backend, op, T(0)))) << name_of(op);
    }
  });
}

TYPED_TEST(Limits, OfBinaryFormulas) {
  using T = TypeParam;
  using enum BinaryOp;
  struct Row {
    BinaryOp op;
    double a, b, y;
    double g, by_a, by_b;
  };
  const double huge = std::numeric_limits<T>::max();
  const std::vector<Row> rows{
      {add, kInfinity, -kInfinity, kNan, kInfinity, kInfinity, kInfinity},
      {add, kInfinity, 1, kInfinity, kNan, kNan, kNan},
      {sub, kInfinity, kInfinity, kNan, kInfinity, kInfinity, -kInfinity},
      {mul, kInfinity, 0, kNan, 1, 0, kInfinity},
      {mul, 2, 0, 0, kInfinity, kNan, kInfinity},
      {mul, huge, 2, kInfinity, 0.5, 1, huge / 2},
      {div, 1, 0, kInfinity, 1, kInfinity, -kInfinity},
      {div, 0, 0, kNan, 1, kInfinity, kNan},
      {div, 1, kInfinity, 0, 1, 0, 0},
      {div, kInfinity, kInfinity, kNan, 1, 0, kNan},
      {div, 2, 1, 2, kInfinity, kInfinity, -kInfinity},
      {div, huge, huge / 16, 16, 1, 16 / huge, -256 / huge},  // b * b would overflow
      {div, kNan, 1, kNan, 1, 1, kNan},
      {pow, 0, 0, 1, 1, 0, 0},
      {pow, 0, 2, 0, 1, 0, 0},
      {pow, 0, -1, kInfinity, 1, -kInfinity, -kInfinity},
      {pow, -2, 2, 4, 1, -4, kNan},
      {pow, kInfinity, 0, 1, 1, 0, kInfinity},
      {pow, 2, kInfinity, kInfinity, 1, kInfinity, kInfinity},
      {pow, kNan, 0, 1, 1, 0, kNan},
      {maximum, kInfinity, 1, kInfinity, 1, 1, 0},
      {maximum, 2, 2, 2, 1, 0.5, 0.5},
      {maximum, kNan, 1, kNan, 1, 1, 1},
      {maximum, 1, kNan, kNan, 1, 1, 1},
      {minimum, kInfinity, 1, 1, 1, 0, 1},
      {minimum, -kInfinity, -kInfinity, -kInfinity, 1, 0.5, 0.5},
      {minimum, kNan, 1, kNan, 1, 1, 1},
      {minimum, 1, kNan, kNan, 1, 1, 1},
      {at_least, 1, 1, 1, 2, 2, 0},
      {at_least, 0, 1, 1, kInfinity, 0, kInfinity},
      {at_least, kNan, 1, kNan, 2, 2, 0},
      {at_most, 1, 1, 1, 2, 2, 0},
      {at_most, 2, 1, 1, kInfinity, 0, kInfinity},
      {at_most, kNan, 1, kNan, 2, 2, 0},
      {keep, 1, kInfinity, kInfinity, kNan, 0, kNan},
      {keep, -0.0, kInfinity, -0.0, kNan, 0, 0},
      {keep, kNan, 3, 3, 2, 0, 2},
      {drop, 1, kInfinity, -0.0, kNan, 0, 0},
      {drop, 0, kNan, kNan, kInfinity, 0, kInfinity},
      {equal, kInfinity, kInfinity, 1, kNan, 0, 0},
      {equal, kNan, kNan, 0, 1, 0, 0},
      {equal, 0, -0.0, 1, 1, 0, 0},
      {not_equal, kNan, kNan, 1, 1, 0, 0},
      {less, -kInfinity, kInfinity, 1, kNan, 0, 0},
      {less, 1, 1, 0, 1, 0, 0},
      {less, kNan, 1, 0, 1, 0, 0},
      {less_equal, 1, 1, 1, 1, 0, 0},
      {less_equal, 1, kNan, 0, 1, 0, 0},
  };
  on_every_backend([&](Backend& backend) {
    Strides walk;
    walk.rank = 1;
    walk.size[0] = kCopies;
    walk.first[0] = walk.second[0] = 1;
    for (const Row& row : rows) {
      SCOPED_TRACE(testing::Message()
                   << "op " << static_cast<int>(row.op) << " at " << row.a << ", " << row.b);
      Buffer<T> a(backend, kCopies, static_cast<T>(row.a)),
          b(backend, kCopies, static_cast<T>(row.b)), g(backend, kCopies, static_cast<T>(row.g));
      const std::vector<T> before(kCopies);
      expect_exactly(
          only(run_kernel<T>(backend, before,
                             [&](View out) {
                               run(backend, Binary{row.op, a.view(), b.view(), out, 0, walk});
                             })),
          static_cast<T>(row.y));
      for (const int operand : {0, 1})
        expect_exactly(only(run_kernel<T>(backend, before,
                                          [&](View out) {
                                            run(backend,
                                                BinaryBackward{row.op, operand, a.view(), b.view(),
                                                               g.view(), out, 0, walk, false});
                                          })),
                       static_cast<T>(operand == 0 ? row.by_a : row.by_b));
    }
  });
}

// Loss and gradient of each element, and of the mean of two.
TYPED_TEST(Limits, OfElementwiseLosses) {
  using T = TypeParam;
  using enum LossOp;
  struct Row {
    LossOp op;
    double input, target, loss, gradient;
  };
  const double huge = std::numeric_limits<T>::max();
  const double tiny = 4.0 * static_cast<double>(std::numeric_limits<T>::min());
  std::vector<Row> rows{
      {squared_error, kInfinity, 0, kInfinity, kInfinity},
      {squared_error, 0, kInfinity, kInfinity, -kInfinity},
      {squared_error, huge, 0, kInfinity, huge / 2},
      {squared_error, tiny, 0, 0, tiny / 2},
      {absolute_error, kInfinity, 0, kInfinity, 0.25},
      {absolute_error, 0, kInfinity, kInfinity, -0.25},
      {absolute_error, huge, 0, huge, 0.25},
      {absolute_error, 0, tiny, tiny, -0.25},
      {absolute_error, 3, 3, 0, 0},
      {huber, kInfinity, 0, kInfinity, 0.125},
      {huber, 0, kInfinity, kInfinity, -0.125},
      {huber, huge, 0, huge / 2, 0.125},
      {huber, tiny, 0, 0, tiny / 4},
  };
  for (const LossOp op : {squared_error, absolute_error, huber})
    for (const double x : {kInfinity, -kInfinity, kNan}) rows.push_back({op, x, x, kNan, kNan});
  on_every_backend([&](Backend& backend) {
    for (const Row& row : rows) {
      SCOPED_TRACE(testing::Message() << "op " << static_cast<int>(row.op) << " of " << row.input
                                      << " and " << row.target);
      Buffer<T> input(backend, kCopies, static_cast<T>(row.input)),
          target(backend, kCopies, static_cast<T>(row.target)), loss(backend, kCopies),
          gradient(backend, kCopies);
      run(backend, Loss{row.op, input.view(), target.view(), loss.view(), gradient.view(), 0.5,
                        0.25, false});
      expect_exactly(only(loss.values()), static_cast<T>(row.loss));
      expect_exactly(only(gradient.values()), static_cast<T>(row.gradient));
    }
  });
}

TYPED_TEST(Limits, OfCrossEntropy) {
  using T = TypeParam;
  struct Row {
    std::vector<T> logits;
    std::vector<T> target;  // a class, or probabilities
    double smoothing;
    double loss;
    std::vector<double> gradient;
  };
  const T inf = T(kInfinity), nan = T(kNan);
  const double ln2 = std::log(2.0);
  const std::vector<Row> rows{
      // A class of weight 0 is excluded, even at -infinity; one of another weight costs infinity.
      {{0, -inf, 0}, {0.5, 0, 0.5}, 0, ln2, {0, 0, 0}},
      {{0, -inf, 0}, {1, 0, 0}, 0, ln2, {-0.5, 0, 0.5}},
      {{0, -inf, 0}, {0, 1, 0}, 0, kInfinity, {0.5, -1, 0.5}},
      {{0, -inf, 0}, {0}, 0, ln2, {-0.5, 0, 0.5}},
      {{0, -inf, 0}, {1}, 0, kInfinity, {0.5, -1, 0.5}},
      {{0, -inf, 0}, {0}, 0.5, kInfinity, {0.5 - 0.5 - 0.5 / 3, -0.5 / 3, 0.5 - 0.5 / 3}},
      {{0, -inf, 0}, {1}, 1, kInfinity, {0.5 - 1.0 / 3, -1.0 / 3, 0.5 - 1.0 / 3}},
      {{0, 0, 0}, {1}, 1, std::log(3.0), {0, 0, 0}},
      // Numbers whose exponentials overflow.
      {{1e30f, -1e30f, 1e30f}, {0}, 0, ln2, {-0.5, 0, 0.5}},
      // No limit: NaN.
      {{-inf, -inf, -inf}, {0}, 0, kNan, {kNan, kNan, kNan}},
      {{inf, 0, 0}, {0}, 0, kNan, {kNan, kNan, kNan}},
      {{inf, 0, 0}, {0, 1, 0}, 0, kNan, {kNan, kNan, kNan}},
      {{0, nan, 0}, {1, 0, 0}, 0, kNan, {kNan, kNan, kNan}},
      {{0, nan, 0}, {0}, 0, kNan, {kNan, kNan, kNan}},
  };
  on_every_backend([&](Backend& backend) {
    for (std::size_t r = 0; r < rows.size(); ++r) {
      SCOPED_TRACE(r);
      const Row& row = rows[r];
      Buffer<T> logits(backend, row.logits), target(backend, row.target), loss(backend, 1),
          gradient(backend, 3);
      run(backend, CrossEntropy{logits.view(), target.view(), loss.view(), gradient.view(), 1, 3,
                                row.target.size() == 3, row.smoothing, 1, false});
      expect_near(loss.values(), {row.loss}, kFewRoundings<T>);
      expect_near(gradient.values(), row.gradient, kFewRoundings<T>, kFewRoundings<T>);
    }
  });
}

// Of one row, and of several alike.
TYPED_TEST(Limits, OfSoftmaxAndItsLogarithm) {
  using T = TypeParam;
  struct Row {
    std::vector<double> x, softmax, log;
    std::vector<double> g, softmax_gradient, log_gradient;
  };
  const double ln2 = std::log(2.0);
  const std::vector<double> none{kNan, kNan, kNan};
  const std::vector<Row> rows{
      {{0, -kInfinity, 0},
       {0.5, 0, 0.5},
       {-ln2, -kInfinity, -ln2},
       {1, 1, 3},
       {-0.5, 0, 0.5},
       {-1.5, 1, 0.5}},
      {{0, -kInfinity, -kInfinity},
       {1, 0, 0},
       {0, -kInfinity, -kInfinity},
       {1, 5, 0},
       {0, 0, 0},
       {-5, 5, 0}},
      {{1e30, -1e30, 1e30},
       {0.5, 0, 0.5},
       {-ln2, -2e30, -ln2},
       {1, 1, 3},
       {-0.5, 0, 0.5},
       {-1.5, 1, 0.5}},
      {{-kInfinity, -kInfinity, -kInfinity}, none, none, {1, 1, 1}, none, none},
      {{kInfinity, 0, 0}, none, none, {1, 1, 1}, none, none},
      {{0, kNan, 0}, none, none, {1, 1, 1}, none, none},
      {{0, 0, kNan}, none, none, {1, 1, 1}, none, none},
      {{0, -kInfinity, 0}, {0.5, 0, 0.5}, {-ln2, -kInfinity, -ln2}, {1, kNan, 1}, none, none},
      {{0, -kInfinity, 0},
       {0.5, 0, 0.5},
       {-ln2, -kInfinity, -ln2},
       {1, kInfinity, 1},
       none,
       {-kInfinity, kNan, -kInfinity}},
  };
  constexpr std::int64_t kRows = 5;
  on_every_backend([&](Backend& backend) {
    for (std::size_t r = 0; r < rows.size(); ++r)
      for (const bool log : {false, true})
        for (const std::int64_t copies : {std::int64_t{1}, kRows}) {
          SCOPED_TRACE(testing::Message() << "row " << r << " log " << log << " copies " << copies);
          const Row& row = rows[r];
          const auto repeated = [copies](const std::vector<double>& values) {
            std::vector<T> all;
            for (std::int64_t i = 0; i < copies; ++i)
              for (const double value : values) all.push_back(static_cast<T>(value));
            return all;
          };
          const auto expect = [&](const std::vector<T>& values, const std::vector<double>& wanted) {
            std::vector<double> all;
            for (const T value : repeated(wanted)) all.push_back(static_cast<double>(value));
            expect_near(values, all, kFewRoundings<T>, kFewRoundings<T>);
          };
          Buffer<T> x(backend, repeated(row.x)), g(backend, repeated(row.g));
          const std::vector<T> before(static_cast<std::size_t>(3 * copies));
          const auto y = run_kernel<T>(backend, before, [&](View out) {
            run(backend, Softmax{x.view(), out, 3, log});
          });
          expect(y, log ? row.log : row.softmax);
          Buffer<T> saved(backend, y);
          expect(run_kernel<T>(
                     backend, before,
                     [&](View out) {
                       run(backend, SoftmaxBackward{saved.view(), g.view(), out, 3, log, false});
                     }),
                 log ? row.log_gradient : row.softmax_gradient);
        }
  });
}

}  // namespace
}  // namespace kindling::test
