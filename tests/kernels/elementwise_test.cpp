// SPDX-License-Identifier: MIT
#include <kindling/kernels/math/binary.h>
#include <kindling/kernels/math/elementwise.h>

#include "tests/kernels/kernel_test.h"

#include <functional>

namespace kindling::test {
namespace {

using namespace kernels;

struct UnaryCase {
  UnaryOp op;
  double low;  // of the inputs
  double high;
  std::function<double(double)> f;
};

const std::vector<UnaryCase>& unary_cases() {
  static const std::vector<UnaryCase> cases = {
      {UnaryOp::identity, -3, 3, [](double x) { return x; }},
      {UnaryOp::neg, -3, 3, [](double x) { return -x; }},
      {UnaryOp::exp, -3, 3, [](double x) { return std::exp(x); }},
      {UnaryOp::log, 0.1, 9, [](double x) { return std::log(x); }},
      {UnaryOp::sqrt, 0.1, 9, [](double x) { return std::sqrt(x); }},
      {UnaryOp::square, -3, 3, [](double x) { return x * x; }},
      {UnaryOp::abs, -3, 3, [](double x) { return std::abs(x); }},
      {UnaryOp::relu, -3, 3, [](double x) { return x > 0 ? x : 0; }},
      {UnaryOp::gelu, -5, 5, [](double x) { return x * 0.5 * (1 + std::erf(x / std::sqrt(2.0))); }},
      {UnaryOp::gelu_tanh, -5, 5,
       [](double x) {
         return 0.5 * x * (1 + std::tanh(std::sqrt(2 / M_PI) * (x + 0.044715 * x * x * x)));
       }},
      {UnaryOp::silu, -5, 5, [](double x) { return x / (1 + std::exp(-x)); }},
      {UnaryOp::tanh, -3, 3, [](double x) { return std::tanh(x); }},
      {UnaryOp::sigmoid, -5, 5, [](double x) { return 1 / (1 + std::exp(-x)); }},
  };
  return cases;
}

template <class T>
class Elementwise : public testing::Test {};
using Types = testing::Types<float, double>;
TYPED_TEST_SUITE(Elementwise, Types);

template <class T>
std::vector<double> mapped(const std::vector<T>& x, const std::function<double(double)>& f) {
  std::vector<double> y;
  for (const T value : x) y.push_back(f(static_cast<double>(value)));
  return y;
}

TYPED_TEST(Elementwise, UnaryFollowsItsDefinition) {
  using T = TypeParam;
  on_every_backend([](Backend& backend) {
    for (const UnaryCase& c : unary_cases()) {
      SCOPED_TRACE(name_of(c.op));
      for (const std::int64_t n : kSizes) {
        const std::vector<T> x = spread<T>(n, c.low, c.high);
        Buffer<T> in(backend, x);
        const auto y = run_kernel<T>(backend, std::vector<T>(x.size()), [&](View out) {
          run(backend, Unary{c.op, in.view(), out});
        });
        expect_near(y, mapped(x, c.f), kFewRoundings<T>, kFewRoundings<T>);
      }
    }
  });
}

TYPED_TEST(Elementwise, UnaryWorksInPlace) {
  using T = TypeParam;
  on_every_backend([](Backend& backend) {
    const std::vector<T> x = spread<T>(100, -3, 3);
    const auto y = run_kernel<T>(backend, x, [&](View out) {
      run(backend, Unary{UnaryOp::square, out, out});
    });
    expect_near(y, mapped(x, [](double v) { return v * v; }), kFewRoundings<T>);
  });
}

// Against central differences of the definition, and the same again added to what was there.
TYPED_TEST(Elementwise, UnaryBackwardIsTheDerivative) {
  using T = TypeParam;
  constexpr double h = 1e-6;
  on_every_backend([](Backend& backend) {
    for (const UnaryCase& c : unary_cases()) {
      SCOPED_TRACE(name_of(c.op));
      for (const std::int64_t n : {0, 1, 17, 1023, 70001}) {
        const std::vector<T> x = spread<T>(n, c.low, c.high);
        const std::vector<T> g = spread<T>(n, -2, 2, 7);
        std::vector<T> saved = x;
        if (math::saved_of(c.op) == math::Saved::output)
          for (T& value : saved) value = static_cast<T>(c.f(static_cast<double>(value)));
        Buffer<T> saved_buffer(backend, saved);
        Buffer<T> g_buffer(backend, g);
        const View saved_view =
            math::saved_of(c.op) == math::Saved::none ? View{} : saved_buffer.view();
        std::vector<double> expected;
        for (std::size_t i = 0; i < x.size(); ++i) {
          const auto at = static_cast<double>(x[i]);
          expected.push_back(static_cast<double>(g[i]) * (c.f(at + h) - c.f(at - h)) / (2 * h));
        }
        for (const bool accumulate : {false, true}) {
          const auto grad = run_kernel<T>(
              backend, std::vector<T>(x.size(), accumulate ? T(2) : T(NAN)), [&](View out) {
                run(backend, UnaryBackward{c.op, saved_view, g_buffer.view(), out, accumulate});
              });
          std::vector<double> wanted = expected;
          for (double& value : wanted) value += accumulate ? 2 : 0;
          expect_near(grad, wanted, 1e-5, 1e-5);
        }
      }
    }
  });
}

/// Element strides of `shape` broadcast to `to` (equal ranks).
std::vector<std::int64_t> strides_of(const std::vector<std::int64_t>& shape) {
  std::vector<std::int64_t> strides(shape.size());
  std::int64_t step = 1;
  for (std::size_t d = shape.size(); d-- > 0; step *= shape[d])
    strides[d] = shape[d] == 1 ? 0 : step;
  return strides;
}

struct BroadcastCase {
  std::vector<std::int64_t> a;
  std::vector<std::int64_t> b;
};

TYPED_TEST(Elementwise, BinaryAndItsBackwardBroadcast) {
  using T = TypeParam;
  const std::vector<BroadcastCase> cases = {{{}, {}},
                                            {{0}, {0}},
                                            {{5}, {5}},
                                            {{5}, {1}},
                                            {{33, 7}, {33, 7}},
                                            {{33, 7}, {1, 7}},
                                            {{33, 1}, {33, 7}},
                                            {{1, 7}, {33, 1}},
                                            {{3, 1, 5}, {1, 4, 5}},
                                            {{2, 3, 4, 5}, {2, 1, 4, 1}},
                                            {{70001}, {70001}},
                                            {{70001}, {1}},
                                            {{300, 700}, {1, 700}},
                                            {{300, 700}, {300, 1}},
                                            {{3, 0}, {1, 0}}};
  on_every_backend([&](Backend& backend) {
    for (const BroadcastCase& c : cases) {
      Strides walk;
      walk.rank = static_cast<int>(c.a.size());
      std::int64_t numel = 1, numel_a = 1, numel_b = 1;
      for (std::size_t d = 0; d < c.a.size(); ++d) {
        walk.size[d] = c.a[d] == 1 ? c.b[d] : c.a[d];
        walk.first[d] = strides_of(c.a)[d];
        walk.second[d] = strides_of(c.b)[d];
        numel *= walk.size[d];
        numel_a *= c.a[d];
        numel_b *= c.b[d];
      }
      const auto a = spread<T>(numel_a, 0.5, 3, 1), b = spread<T>(numel_b, 0.5, 3, 2),
                 g = spread<T>(numel, -1, 1, 3);
      Buffer<T> a_buffer(backend, a), b_buffer(backend, b), g_buffer(backend, g);
      for (const BinaryOp op : {BinaryOp::add, BinaryOp::sub, BinaryOp::mul, BinaryOp::div}) {
        SCOPED_TRACE(testing::Message() << "op " << static_cast<int>(op) << " numel " << numel
                                        << " rank " << walk.rank);
        std::vector<double> value, by_a, by_b;
        for (std::int64_t i = 0; i < numel; ++i) {
          std::int64_t rest = i, at_a = 0, at_b = 0;
          for (int d = walk.rank - 1; d >= 0; --d) {
            at_a += rest % walk.size[d] * walk.first[d];
            at_b += rest % walk.size[d] * walk.second[d];
            rest /= walk.size[d];
          }
          const double x = a[static_cast<std::size_t>(at_a)], y = b[static_cast<std::size_t>(at_b)];
          const double grad = g[static_cast<std::size_t>(i)];
          value.push_back(op == BinaryOp::add   ? x + y
                          : op == BinaryOp::sub ? x - y
                          : op == BinaryOp::mul ? x * y
                                                : x / y);
          by_a.push_back(grad * (op == BinaryOp::mul ? y : op == BinaryOp::div ? 1 / y : 1));
          by_b.push_back(grad * (op == BinaryOp::add   ? 1
                                 : op == BinaryOp::sub ? -1
                                 : op == BinaryOp::mul ? x
                                                       : -x / (y * y)));
        }
        const std::vector<T> before(static_cast<std::size_t>(numel), T(NAN));
        expect_near(run_kernel<T>(
                        backend, before,
                        [&](View out) {
                          run(backend, Binary{op, a_buffer.view(), b_buffer.view(), out, 0, walk});
                        }),
                    value, kFewRoundings<T>);
        for (const int operand : {0, 1}) {
          const auto given = [&](int read, Buffer<T>& buffer) {
            const bool reads =
                read == operand ? math::reads_own(op, operand) : math::reads_other(op);
            return reads ? buffer.view() : View{};
          };
          const View needs_a = given(0, a_buffer), needs_b = given(1, b_buffer);
          for (const bool accumulate : {false, true}) {
            std::vector<double> wanted = operand == 0 ? by_a : by_b;
            for (double& v : wanted) v += accumulate ? 3 : 0;
            const auto grad = run_kernel<T>(
                backend, accumulate ? std::vector<T>(before.size(), T(3)) : before, [&](View out) {
                  run(backend, BinaryBackward{op, operand, needs_a, needs_b, g_buffer.view(), out,
                                              0, walk, accumulate});
                });
            expect_near(grad, wanted, 2 * kFewRoundings<T>, kFewRoundings<T>);
          }
        }
      }
    }
  });
}

TYPED_TEST(Elementwise, BinaryTakesAScalarForEitherOperand) {
  using T = TypeParam;
  on_every_backend([](Backend& backend) {
    for (const std::int64_t n : kSizes) {
      const std::vector<T> x = spread<T>(n, 1, 3);
      Buffer<T> in(backend, x);
      Strides walk;
      walk.rank = 1;
      walk.size[0] = n;
      walk.first[0] = walk.second[0] = 1;
      const std::vector<T> before(x.size(), T(NAN));
      expect_near(
          run_kernel<T>(backend, before,
                        [&](View out) {
                          run(backend, Binary{BinaryOp::div, in.view(), {}, out, 4.0, walk});
                        }),
          mapped(x, [](double v) { return v / 4; }), kFewRoundings<T>);
      expect_near(
          run_kernel<T>(backend, before,
                        [&](View out) {
                          run(backend, Binary{BinaryOp::sub, {}, in.view(), out, 4.0, walk});
                        }),
          mapped(x, [](double v) { return 4 - v; }), kFewRoundings<T>);
    }
  });
}

TYPED_TEST(Elementwise, FillAndArange) {
  using T = TypeParam;
  on_every_backend([](Backend& backend) {
    for (const std::int64_t n : kSizes) {
      std::vector<double> filled(static_cast<std::size_t>(n), 2.5), counted;
      for (std::int64_t i = 0; i < n; ++i) counted.push_back(3 + 0.5 * static_cast<double>(i));
      const std::vector<T> before(filled.size(), T(NAN));
      expect_near(run_kernel<T>(backend, before,
                                [&](View out) {
                                  run(backend, Fill{out, 2.5});
                                }),
                  filled, 0);
      expect_near(run_kernel<T>(backend, before,
                                [&](View out) {
                                  run(backend, Arange{out, 3, 0.5});
                                }),
                  counted, 0);
    }
  });
}

}  // namespace
}  // namespace kindling::test
