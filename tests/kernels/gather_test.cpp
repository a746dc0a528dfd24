// SPDX-License-Identifier: MIT
#include "tests/kernels/kernel_test.h"

#include <set>

namespace kindling::test {
namespace {

using namespace kernels;

template <class T>
class GatherOf : public testing::Test {};
using Types = testing::Types<float, double>;
TYPED_TEST_SUITE(GatherOf, Types);

TYPED_TEST(GatherOf, PicksRowsAndAddsTheirGradientsBack) {
  using T = TypeParam;
  on_every_backend([](Backend& backend) {
    for (const std::int64_t size : {1, 3, 17, 3000})
      for (const std::int64_t picked : {0, 1, 5, 200}) {
        constexpr std::int64_t rows = 11;
        const std::vector<T> x = spread<T>(rows * size, -1, 1),
                             g = spread<T>(picked * size, -1, 1, 4);
        std::vector<float> numbers;
        for (std::int64_t r = 0; r < picked; ++r)
          numbers.push_back(static_cast<float>(r * r % rows));
        std::vector<double> y, grad(x.size());
        for (std::int64_t r = 0; r < picked; ++r)
          for (std::int64_t i = 0; i < size; ++i) {
            const auto from = static_cast<std::size_t>(r * r % rows * size + i);
            y.push_back(static_cast<double>(x[from]));
            grad[from] += static_cast<double>(g[static_cast<std::size_t>(r * size + i)]);
          }
        Buffer<T> x_buffer(backend, x), g_buffer(backend, g);
        Buffer<float> rows_buffer(backend, numbers);
        expect_near(
            run_kernel<T>(
                backend, std::vector<T>(y.size(), T(NAN)),
                [&](View out) {
                  run(backend, Gather{x_buffer.view(), rows_buffer.view(), out, 1, rows, size});
                }),
            y, 0);
        for (const bool accumulate : {false, true}) {
          std::vector<double> wanted = grad;
          for (double& value : wanted) value += accumulate ? 2 : 0;
          expect_near(run_kernel<T>(backend, std::vector<T>(x.size(), accumulate ? T(2) : T(NAN)),
                                    [&](View out) {
                                      run(backend,
                                          GatherBackward{rows_buffer.view(), g_buffer.view(), out,
                                                         1, rows, size, false, accumulate});
                                    }),
                      wanted, 20 * kFewRoundings<T>, 20 * kFewRoundings<T>);
        }
      }
  });
}

TYPED_TEST(GatherOf, ARowThatThereIsNotIsNaNAndGetsNoGradient) {
  using T = TypeParam;
  on_every_backend([](Backend& backend) {
    Buffer<T> x(backend, std::vector<T>{1, 2, 3, 4}), g(backend, std::vector<T>{1, 1, 1, 1, 1, 1});
    Buffer<T> rows(backend, std::vector<T>{-1, 1, 2});
    expect_near(run_kernel<T>(backend, std::vector<T>(6),
                              [&](View out) {
                                run(backend, Gather{x.view(), rows.view(), out, 1, 2, 2});
                              }),
                {NAN, NAN, 3, 4, NAN, NAN}, 0);
    expect_near(run_kernel<T>(backend, std::vector<T>(4),
                              [&](View out) {
                                run(backend, GatherBackward{rows.view(), g.view(), out, 1, 2, 2});
                              }),
                {0, 0, 1, 1}, 0);
  });
}

// What lies behind the row numbers is a row number too.
TYPED_TEST(GatherOf, ReadsNoMoreRowNumbersThanThereAre) {
  using T = TypeParam;
  on_every_backend([](Backend& backend) {
    Buffer<T> g(backend, std::vector<T>{1, 2, 3, 4});
    Buffer<T> numbers(backend, std::vector<T>{2, 0, 1, 2});
    const View rows{numbers.data() + 1, 2, dtype_of<T>};
    const View two{g.data(), 2, dtype_of<T>};
    expect_near(run_kernel<T>(backend, std::vector<T>(3),
                              [&](View out) {
                                run(backend, GatherBackward{rows, two, out, 1, 3, 1});
                              }),
                {1, 2, 0}, 0);
    expect_near(run_kernel<T>(backend, std::vector<T>(2),
                              [&](View out) {
                                run(backend, Gather{g.view(), rows, out, 1, 4, 1});
                              }),
                {1, 2}, 0);
  });
}

TYPED_TEST(GatherOf, BatchesAreEpochsWithoutRepetition) {
  using T = TypeParam;
  on_every_backend([](Backend& backend) {
    constexpr std::int64_t samples = 10, batch = 4;
    Buffer<T> source(backend, std::vector<T>{0, 0.5, 1, 1.5, 2, 2.5, 3, 3.5, 4, 4.5,
                                             5, 5.5, 6, 6.5, 7, 7.5, 8, 8.5, 9, 9.5});
    for (const bool shuffle : {true, false}) {
      const Placed<LoaderState> state(
          backend,
          {.seed = 3, .samples = samples, .per_epoch = 3, .batch_size = batch, .shuffle = shuffle});
      std::vector<std::vector<T>> epochs(2);
      std::int64_t number = 0;
      for (std::vector<T>& epoch : epochs)
        for (const std::int64_t rows : {batch, batch, samples - 2 * batch}) {
          Buffer<T> target(backend, rows * 2), again(backend, rows * 2);
          run(backend, LoadBatch{source.view(), target.view(), rows, 2, state.data(), true});
          run(backend,
              LoadBatch{source.view(), again.view(), rows, 2, state.data(), false, number++});
          EXPECT_EQ(target.values(), again.values());
          for (std::int64_t j = 0; j < rows; ++j) {
            epoch.push_back(target.values()[static_cast<std::size_t>(2 * j)]);
            EXPECT_EQ(target.values()[static_cast<std::size_t>(2 * j + 1)], epoch.back() + T(0.5));
          }
        }
      EXPECT_EQ(state.value().dealt, 6);
      run(backend, LoadBatch{{}, {}, batch, 0, state.data(), true});  // rows of no elements
      EXPECT_EQ(state.value().dealt, 7);
      for (const std::vector<T>& epoch : epochs)
        EXPECT_EQ(std::set<T>(epoch.begin(), epoch.end()).size(), 10u);
      EXPECT_EQ(epochs[0] == epochs[1], !shuffle);
      EXPECT_EQ(std::is_sorted(epochs[0].begin(), epochs[0].end()), !shuffle);
    }
  });
}

}  // namespace
}  // namespace kindling::test
