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
    const Placed<math::StepGuard> guard(backend, {.nonfinite = 7});
    const Buffer<T> finite(backend, 3, T(1));
    for (const std::int64_t count : kSizes) {
      std::vector<T> x(static_cast<std::size_t>(count), std::numeric_limits<T>::max());
      const auto found = [&] {
        const Buffer<T> buffer(backend, x);
        const std::vector<UpdateRange> on_host{
            UpdateRange{.parameter = {}, .gradient = buffer.view()},
            UpdateRange{.parameter = {}, .gradient = finite.view()}};
        const Buffer<UpdateRange> ranges(backend, on_host);
        run(backend, FindNonfinite{ranges.data(), on_host.data(), 2, guard.data()});
        return guard.value().nonfinite;
      };
      EXPECT_EQ(found(), 0);
      for (const std::size_t where : {std::size_t{0}, x.size() / 2, x.size() - 1})
        for (const double bad : {kInfinity, -kInfinity, kNan}) {
          if (count == 0) continue;
          x[where] = static_cast<T>(bad);
          EXPECT_EQ(found(), 1) << where << " of " << count;
          x[where] = 0;
        }
      EXPECT_EQ(found(), 0);
    }
  });
}

// The clip of the given gradients, in the order they are given.
ClipGradNorm clip_of(const Buffer<double>& total, std::initializer_list<View> gradients) {
  ClipGradNorm clip{.count = static_cast<int>(gradients.size()), .total = total.view()};
  std::copy(gradients.begin(), gradients.end(), clip.gradients);
  return clip;
}

TYPED_TEST(GradientKernels, ClipScalesDownToTheNorm) {
  using T = TypeParam;
  on_every_backend([](Backend& backend) {
    for (const std::int64_t count : kSizes) {
      const std::vector<T> x = spread<T>(count, -1, 1);
      double squares = 0;
      for (const T value : x) squares += double{value} * double{value};
      const Buffer<T> in(backend, x), norm(backend, 1);
      const Buffer<double> total(backend, 1);
      ClipGradNorm sums = clip_of(total, {in.view(), in.view()});
      sums.scales = false;
      run(backend, sums);
      expect_near(total.values(), {2 * squares}, 2e-12);
      sums.accumulate = true;
      run(backend, sums);
      expect_near(total.values(), {4 * squares}, 4e-12);
      EXPECT_TRUE(same_bits(in.values(), x));

      const auto clipped = [&](double max_norm) {
        return run_kernel<T>(backend, x, [&](View out) {
          ClipGradNorm clip = clip_of(total, {out});
          clip.norm = norm.view();
          clip.max_norm = max_norm;
          run(backend, clip);
        });
      };
      const double length = std::sqrt(squares);
      const double coefficient = std::min(1.0, 0.5 / (length + 1e-6));
      std::vector<double> expected;
      for (const T value : x) expected.push_back(coefficient * double{value});
      expect_near(clipped(0.5), expected, 0, 1e-7);
      expect_near(norm.values(), {length}, 1e-6);
      EXPECT_TRUE(same_bits(clipped(1e9), x));
    }
  });
}

TYPED_TEST(GradientKernels, ClipKeepsWhatIsScaledFarDown) {
  using T = TypeParam;
  on_every_backend([](Backend& backend) {
    const Buffer<double> total(backend, 1);
    const auto clipped = run_kernel<T>(backend, {T(2e38), T(0), T(-1e38)}, [&](View out) {
      ClipGradNorm clip = clip_of(total, {out});
      clip.max_norm = 1;
      run(backend, clip);
    });
    expect_near(clipped, {2 / std::sqrt(5), 0, -1 / std::sqrt(5)}, kFewRoundings<T>);
  });
}

TYPED_TEST(GradientKernels, AnInfiniteLimitOnlyMeasures) {
  using T = TypeParam;
  on_every_backend([](Backend& backend) {
    for (const double special : {1.0, kInfinity, kNan}) {
      const std::vector<T> x = {T(special), T(3), T(-4)};
      const Buffer<double> total(backend, 1);
      EXPECT_TRUE(same_bits(run_kernel<T>(backend, x,
                                          [&](View out) {
                                            ClipGradNorm clip = clip_of(total, {out});
                                            clip.max_norm = kInfinity;
                                            run(backend, clip);
                                          }),
                            x));
    }
  });
}

TEST(ClipGradNormKernel, OfANaNNormIsNaNButForZeros) {
  on_every_backend([](Backend& backend) {
    const Buffer<double> total(backend, 1);
    expect_near(run_kernel<float>(backend, {2, 2, 2, 0, 2},
                                  [&](View out) {
                                    ClipGradNorm clip = clip_of(total, {out});
                                    clip.sums = false;
                                    clip.max_norm = 1;
                                    run(backend, clip);
                                  }),
                {kNan, kNan, kNan, 0, kNan}, 0);
  });
}

TEST(ClipGradNormKernel, GivesTheSameBitsWhateverTheThreadCount) {
  on_every_backend([](Backend& backend) {
    const Buffer<float> x(backend, spread<float>(10000019, -1, 1));
    run_kernel<double>(backend, {kNan}, [&](View out) {
      ClipGradNorm clip{.count = 1, .total = out};
      clip.gradients[0] = x.view();
      clip.scales = false;
      run(backend, clip);
    });
  });
}

}  // namespace
}  // namespace kindling::test
