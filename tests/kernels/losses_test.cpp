// SPDX-License-Identifier: MIT
#include "tests/kernels/kernel_test.h"

namespace kindling::test {
namespace {

using namespace kernels;

template <class T>
class Losses : public testing::Test {};
using Types = testing::Types<float, double>;
TYPED_TEST_SUITE(Losses, Types);

double value_of(LossOp op, double d, double delta) {
  if (op == LossOp::squared_error) return d * d;
  if (op == LossOp::absolute_error) return std::abs(d);
  return std::abs(d) <= delta ? d * d / 2 : delta * (std::abs(d) - delta / 2);
}

double derivative_of(LossOp op, double d, double delta) {
  const double sign = d > 0 ? 1 : d < 0 ? -1 : 0;
  if (op == LossOp::squared_error) return 2 * d;
  if (op == LossOp::absolute_error) return sign;
  return std::abs(d) <= delta ? d : delta * sign;
}

TYPED_TEST(Losses, ValueAndGradientInOnePass) {
  using T = TypeParam;
  on_every_backend([](Backend& backend) {
    for (const LossOp op : {LossOp::squared_error, LossOp::absolute_error, LossOp::huber})
      for (const std::int64_t n : kSizes)
        for (const bool reduce : {true, false}) {
          SCOPED_TRACE(testing::Message()
                       << "op " << static_cast<int>(op) << " n " << n << " reduce " << reduce);
          const std::vector<T> input = spread<T>(n, -2, 2, 1), target = spread<T>(n, -2, 2, 2);
          Buffer<T> input_buffer(backend, input), target_buffer(backend, target);
          const double scale = 0.25, delta = 0.75;
          std::vector<double> values, gradients;
          long double total = 0;
          for (std::size_t i = 0; i < input.size(); ++i) {
            const double d = static_cast<double>(input[i]) - static_cast<double>(target[i]);
            values.push_back(value_of(op, d, delta));
            gradients.push_back(scale * derivative_of(op, d, delta));
            total += values.back();
          }
          if (reduce) values = {static_cast<double>(scale * total)};
          kernels::Loss arguments{
              op, input_buffer.view(), target_buffer.view(), {}, {}, delta, scale, reduce};
          for (const bool with_gradient : {true, false}) {
            const auto loss =
                run_kernel<T>(backend, std::vector<T>(values.size(), T(NAN)), [&](View out) {
                  Buffer<T> unread(backend, n);
                  kernels::Loss call = arguments;
                  call.loss = out;
                  call.gradient = with_gradient ? unread.view() : View{};
                  run(backend, call);
                });
            expect_near(loss, values, 2 * kFewRoundings<T>, kFewRoundings<T>);
          }
          const auto gradient =
              run_kernel<T>(backend, std::vector<T>(input.size(), T(NAN)), [&](View out) {
                Buffer<T> unread(backend, static_cast<std::int64_t>(values.size()));
                kernels::Loss call = arguments;
                call.loss = unread.view();
                call.gradient = out;
                run(backend, call);
              });
          expect_near(gradient, gradients, kFewRoundings<T>, kFewRoundings<T>);
        }
  });
}

TYPED_TEST(Losses, KinksHaveDerivativeZero) {
  using T = TypeParam;
  on_every_backend([](Backend& backend) {
    Buffer<T> same(backend, std::vector<T>{3}), loss(backend, 1);
    const auto gradient = run_kernel<T>(backend, std::vector<T>(1, T(NAN)), [&](View out) {
      run(backend,
          Loss{LossOp::absolute_error, same.view(), same.view(), loss.view(), out, 1, 1, true});
    });
    EXPECT_EQ(gradient[0], T(0));
  });
}

/// Row losses and gradients of smoothed cross entropy; target [rows, classes].
void cross_entropy_of(const std::vector<double>& x, const std::vector<double>& target,
                      std::size_t classes, double smoothing, double scale,
                      std::vector<double>& losses, std::vector<double>& gradients) {
  for (std::size_t r = 0; r * classes < x.size(); ++r) {
    double total = 0, weight = 0, loss = 0;
    for (std::size_t c = 0; c < classes; ++c) total += std::exp(x[r * classes + c]);
    const auto t = [&](std::size_t c) {
      return (1 - smoothing) * target[r * classes + c] + smoothing / static_cast<double>(classes);
    };
    for (std::size_t c = 0; c < classes; ++c) {
      weight += t(c);
      loss += t(c) * (std::log(total) - x[r * classes + c]);
    }
    losses.push_back(loss);
    for (std::size_t c = 0; c < classes; ++c)
      gradients.push_back(scale * (std::exp(x[r * classes + c]) / total * weight - t(c)));
  }
}

TYPED_TEST(Losses, CrossEntropyOfClassesAndOfProbabilities) {
  using T = TypeParam;
  on_every_backend([](Backend& backend) {
    for (const auto& size : std::vector<std::pair<std::int64_t, std::int64_t>>{
             {0, 3}, {1, 1}, {5, 10}, {3, 17}, {3000, 10}, {2, 5000}})
      for (const bool probabilities : {false, true})
        for (const double smoothing : {0.0, 0.1})
          for (const bool reduce : {true, false}) {
            const std::int64_t rows = size.first;
            const std::int64_t classes = size.second;
            SCOPED_TRACE(testing::Message() << rows << " x " << classes << " probabilities "
                                            << probabilities << " smoothing " << smoothing);
            const std::vector<T> x = spread<T>(rows * classes, -4, 4);
            std::vector<T> target = spread<T>(rows * classes, 0, 1, 9);
            std::vector<T> numbers;
            for (std::int64_t r = 0; r < rows && !probabilities; ++r) {
              numbers.push_back(static_cast<T>(r * 7 % classes));
              for (std::int64_t c = 0; c < classes; ++c)
                target[static_cast<std::size_t>(r * classes + c)] = c == r * 7 % classes ? 1 : 0;
            }
            std::vector<double> losses, gradients;
            cross_entropy_of({x.begin(), x.end()}, {target.begin(), target.end()},
                             static_cast<std::size_t>(classes), smoothing, 0.5, losses, gradients);
            if (reduce) {
              long double total = 0;
              for (const double loss : losses) total += loss;
              losses = {static_cast<double>(total / 2)};
            }
            Buffer<T> logits(backend, x), target_buffer(backend, probabilities ? target : numbers);
            kernels::CrossEntropy call{logits.view(), target_buffer.view(), {},        {},  rows,
                                       classes,       probabilities,        smoothing, 0.5, reduce};
            for (const bool with_gradient : {true, false})
              expect_near(run_kernel<T>(backend, std::vector<T>(losses.size(), T(NAN)),
                                        [&](View out) {
                                          Buffer<T> unread(backend, rows * classes);
                                          kernels::CrossEntropy mine = call;
                                          mine.loss = out;
                                          mine.gradient = with_gradient ? unread.view() : View{};
                                          run(backend, mine);
                                        }),
                          losses, 20 * kFewRoundings<T>, kFewRoundings<T>);
            expect_near(run_kernel<T>(backend, std::vector<T>(x.size(), T(NAN)),
                                      [&](View out) {
                                        Buffer<T> unread(backend,
                                                         static_cast<std::int64_t>(losses.size()));
                                        kernels::CrossEntropy mine = call;
                                        mine.loss = unread.view();
                                        mine.gradient = out;
                                        run(backend, mine);
                                      }),
                        gradients, 20 * kFewRoundings<T>, 2 * kFewRoundings<T>);
          }
  });
}

TYPED_TEST(Losses, AClassThatThereIsNotMakesNaN) {
  using T = TypeParam;
  on_every_backend([](Backend& backend) {
    for (const T bad : {T(-1), T(3), T(NAN)}) {
      Buffer<T> logits(backend, std::vector<T>{1, 2, 3, 1, 2, 3}),
          target(backend, std::vector<T>{bad, 1}), gradient(backend, 6);
      const auto loss = run_kernel<T>(backend, std::vector<T>(2), [&](View out) {
        run(backend, CrossEntropy{logits.view(), target.view(), out, gradient.view(), 2, 3, false,
                                  0, 1, false});
      });
      EXPECT_TRUE(std::isnan(loss[0]));
      EXPECT_FALSE(std::isnan(loss[1]));
      EXPECT_TRUE(std::isnan(gradient.values()[2]));
      EXPECT_FALSE(std::isnan(gradient.values()[3]));
    }
  });
}

}  // namespace
}  // namespace kindling::test
