// SPDX-License-Identifier: MIT
// The sums of each instruction set, whose vectors differ in length: as tests/core/sums_test.cpp.
#include "tests/kernels/kernel_test.h"
#include "tests/support/devices.h"
#include "tests/support/terms.h"

#include <functional>

namespace kindling::test {
namespace {

using namespace kernels;

/// How a kernel sums the terms x [n] into its output, and what it ought to give there.
template <class T>
struct KernelSum {
  const char* name;
  std::int64_t outputs;
  std::function<void(Backend&, const std::vector<T>& x, View out)> run;
  std::function<ExactSum(const Terms&)> exact;
  double more_ulps = 0;  // for roundings beside those of the sum
};

/// [n, width] with x in each column.
template <class T>
std::vector<T> repeated(const std::vector<T>& x, std::size_t width) {
  std::vector<T> columns;
  for (const T value : x) columns.insert(columns.end(), width, value);
  return columns;
}

template <class T>
void run_row_sums(Backend& backend, const std::vector<T>& a, std::int64_t m, bool transposed,
                  View row_sums) {
  const std::int64_t k = static_cast<std::int64_t>(a.size()) / m;
  const Buffer<T> in(backend, a), b(backend, k, 0), c(backend, m);
  Product product{.a = in.view(), .b = b.view(), .c = c.view(), .m = m, .n = 1, .k = k};
  product.transpose_a = transposed;
  product.row_sums = row_sums;
  run(backend, product);
}

template <class T>
std::vector<KernelSum<T>> kernel_sums() {
  const auto terms = [](const Terms& x) { return x.sum(); };
  const auto squares = [](const Terms& x) {
    return x.sum_of([](long double value) { return value * value; });
  };
  return {
      {"sum", 1,
       [](Backend& backend, const std::vector<T>& x, View out) {
         const Buffer<T> in(backend, x);
         run(backend, Sum{in.view(), out, 1, static_cast<std::int64_t>(x.size()), 1});
       },
       terms},
      {"sum of columns", 3,
       [](Backend& backend, const std::vector<T>& x, View out) {
         const Buffer<T> columns(backend, repeated(x, 3));
         run(backend, Sum{columns.view(), out, 1, static_cast<std::int64_t>(x.size()), 3});
       },
       terms},
      {"row sums", 1,
       [](Backend& backend, const std::vector<T>& x, View out) {
         run_row_sums(backend, x, 1, false, out);
       },
       terms},
      {"row sums, transposed", 3,
       [](Backend& backend, const std::vector<T>& x, View out) {
         run_row_sums(backend, repeated(x, 3), 3, true, out);
       },
       terms},
      {"loss", 1,
       [](Backend& backend, const std::vector<T>& x, View out) {
         const Buffer<T> in(backend, x), target(backend, std::ssize(x), 0);
         run(backend, Loss{LossOp::squared_error, in.view(), target.view(), out});
       },
       squares, 0.5},
      {"smoothed cross entropy", 1,
       [](Backend& backend, const std::vector<T>& x, View out) {
         const Buffer<T> in(backend, x), target(backend, 1, 0);
         run(backend, CrossEntropy{.logits = in.view(),
                                   .target = target.view(),
                                   .loss = out,
                                   .rows = 1,
                                   .classes = static_cast<std::int64_t>(x.size()),
                                   .label_smoothing = 1});
       },
       [](const Terms& x) {
         const ExactSum total = x.sum_of([](long double value) { return std::exp(value); });
         const long double mean = x.sum().value / static_cast<long double>(x.size());
         return ExactSum{std::log(total.value) - mean, std::log(total.value) + std::abs(mean)};
       },
       4},
      {"sum of squares", 1,
       [](Backend& backend, const std::vector<T>& x, View out) {
         const Buffer<T> in(backend, x), norm(backend, 1);
         const Buffer<double> total(backend, 1);
         ClipGradNorm clip{.count = 1, .total = total.view(), .norm = norm.view()};
         clip.gradients[0] = in.view();
         clip.scales = false;
         run(backend, clip);
         const T sum = static_cast<T>(total.values()[0]);
         backend.upload(out.data, &sum, sizeof sum);
       },
       squares, 0.5},
  };
}

template <class T>
class KernelSums : public testing::Test {};
using Types = testing::Types<float, double>;
TYPED_TEST_SUITE(KernelSums, Types);

TYPED_TEST(KernelSums, AreAccurateAtEveryLength) {
  using T = TypeParam;
  const auto sums = kernel_sums<T>();
  for (const std::int64_t n : {1, 7, 64, 1000, 100'000, sized(1'000'000, 100'001)})
    for (const Terms& terms : {Terms::equal(n, dtype_of<T>), Terms::mixed(n, dtype_of<T>)}) {
      std::vector<T> x(terms.values().begin(), terms.values().end());
      for (const KernelSum<T>& sum : sums) {
        SCOPED_TRACE(testing::Message() << sum.name << " of " << n);
        const ExactSum exact = sum.exact(terms);
        on_every_backend([&](Backend& backend) {
          const auto y =
              run_kernel<T>(backend, std::vector<T>(static_cast<std::size_t>(sum.outputs)),
                            [&](View out) { sum.run(backend, x, out); });
          for (const T value : y)
            ASSERT_TRUE(within(static_cast<double>(value), exact, dtype_of<T>,
                               (sizeof(T) == 4 ? 3.5 : 4) + sum.more_ulps));
        });
      }
    }
}

}  // namespace
}  // namespace kindling::test
