// SPDX-License-Identifier: MIT
#include "tests/kernels/kernel_test.h"
#include "tests/support/special_values.h"

namespace kindling::test {
namespace {

using namespace kernels;

template <class T>
class GradientKernels : public testing::Test {};
using Types = testing::Types<float, double>;
TYPED_TEST_SUITE(GradientKernels, Types);

TYPED_TEST(GradientKernels, FindNonfiniteFindsInfinitiesAndNaNs) {
  using T = TypeParam;
  on_every_backend([](Backend& backend) {
    const Placed<math::StepGuard> guard(backend, {7});
    for (const std::int64_t count : kSizes) {
      std::vector<T> x(static_cast<std::size_t>(count), std::numeric_limits<T>::max());
      const auto found = [&](bool reset) {
        const Buffer<T> buffer(backend, x);
        run(backend, FindNonfinite{buffer.view(), guard.data(), reset});
        return guard.value().nonfinite;
      };
      EXPECT_EQ(found(true), 0);
      for (const std::size_t where : {std::size_t{0}, x.size() / 2, x.size() - 1})
        for (const double bad : {kInfinity, -kInfinity, kNan}) {
          if (count == 0) continue;
          x[where] = static_cast<T>(bad);
          EXPECT_EQ(found(true), 1) << where << " of " << count;
          x[where] = 0;
          EXPECT_EQ(found(false), 1) << "kept without reset";
        }
    }
  });
}

TYPED_TEST(GradientKernels, ClipByNormScalesDownToTheNorm) {
  using T = TypeParam;
  on_every_backend([](Backend& backend) {
    for (const std::int64_t count : kSizes) {
      const std::vector<T> x = spread<T>(count, -1, 1);
      double squares = 0;
      for (const T value : x) squares += double{value} * double{value};
      const Buffer<T> in(backend, x), norm(backend, 1);
      const Buffer<double> total(backend, 1);
      run(backend, SumOfSquares{in.view(), total.view(), false});
      expect_near(total.values(), {squares}, 1e-12);
      run(backend, SumOfSquares{in.view(), total.view(), true});
      expect_near(total.values(), {2 * squares}, 2e-12);

      const auto clipped = [&](double max_norm) {
        return run_kernel<T>(backend, x, [&](View out) {
          run(backend, ClipByNorm{out, total.view(), norm.view(), max_norm});
        });
      };
      const double length = std::sqrt(2 * squares);
      const double coefficient = std::min(1.0, 0.5 / (length + 1e-6));
      std::vector<double> expected;
      for (const T value : x) expected.push_back(coefficient * double{value});
      expect_near(clipped(0.5), expected, 0, 1e-7);
      expect_near(norm.values(), {length}, 1e-6);
      EXPECT_TRUE(same_bits(clipped(1e9), x));
    }
  });
}

TEST(ClipByNorm, OfANaNNormIsNaNButForZeros) {
  on_every_backend([](Backend& backend) {
    const Buffer<double> total(backend, 1);
    expect_near(run_kernel<float>(backend, {2, 2, 2, 0, 2},
                                  [&](View out) {
                                    run(backend, ClipByNorm{out, total.view(), View{}, 1.0});
                                  }),
                {kNan, kNan, kNan, 0, kNan}, 0);
  });
}

TEST(SumOfSquares, GivesTheSameBitsWhateverTheThreadCount) {
  on_every_backend([](Backend& backend) {
    const Buffer<float> x(backend, spread<float>(10000019, -1, 1));
    run_kernel<double>(backend, {kNan}, [&](View out) {
      run(backend, SumOfSquares{x.view(), out, false});
    });
  });
}

}  // namespace
}  // namespace kindling::test
