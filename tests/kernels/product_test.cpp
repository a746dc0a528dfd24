// SPDX-License-Identifier: MIT
#include <kindling/core/error.h>
#include <kindling/kernels/cpu/instruction_set.h>
#include <kindling/kernels/cpu/openmp.h>
#include <kindling/kernels/cpu/product_provider.h>

#include "tests/kernels/guarded_memory.h"
#include "tests/support/expect_error.h"
#include "tests/support/threads.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

namespace kindling::test {
namespace {

using namespace kernels;

/// Puts the provider in use back.
class ProviderScope {
 public:
  explicit ProviderScope(std::string_view name) : previous_(cpu::product_provider().name) {
    cpu::set_product_provider(name);
  }
  ~ProviderScope() { cpu::set_product_provider(previous_); }
  ProviderScope(const ProviderScope&) = delete;
  ProviderScope& operator=(const ProviderScope&) = delete;

 private:
  std::string previous_;
};

struct ProductSizes {
  std::int64_t m, n, k;
};

const std::vector<ProductSizes> kSmallSizes = {
    {1, 1, 1},    {10, 1, 10},  {1, 10, 10},  {3, 5, 7},    {6, 16, 1},   {1, 64, 32},
    {32, 64, 64}, {17, 33, 65}, {64, 10, 31}, {65, 129, 9}, {13, 15, 40}, {2, 3, 1100},
};

/// What a sum of k products of numbers below 1 may be off by: the partial sums grow like sqrt(k),
/// and so do the rounding errors of k of them together. One product left out would be off by some
/// 0.3.
template <class T>
double rounding_errors(std::int64_t k) {
  return (sizeof(T) == 4 ? 6e-8 : 1.2e-16) * (8 + 2 * static_cast<double>(k));
}

/// Operands of a product and what it must give, computed in the most obvious way.
template <class T>
struct Problem {
  Problem(ProductSizes s, bool ta, bool tb, std::int64_t count = 1)
      : sizes(s),
        transpose_a(ta),
        transpose_b(tb),
        batch(count),
        a(s.m * s.k * count),
        b(s.k * s.n * count),
        c(s.m * s.n * count) {
    a.fill_spread(1);
    b.fill_spread(2);
    c.fill_spread(3);
    expected.assign(static_cast<std::size_t>(s.m * s.n * count), 0.0);
    for (std::int64_t q = 0; q < count; ++q)
      for (std::int64_t i = 0; i < s.m; ++i)
        for (std::int64_t j = 0; j < s.n; ++j)
          for (std::int64_t p = 0; p < s.k; ++p)
            at(q, i, j) +=
                left(q, i, p) * double{b[q * s.k * s.n + (tb ? j * s.k + p : p * s.n + j)]};
  }

  double left(std::int64_t q, std::int64_t i, std::int64_t p) const {
    return double{a[q * sizes.m * sizes.k + (transpose_a ? p * sizes.m + i : i * sizes.k + p)]};
  }
  double& at(std::int64_t q, std::int64_t i, std::int64_t j) {
    return expected[static_cast<std::size_t>((q * sizes.m + i) * sizes.n + j)];
  }

  Product arguments() {
    Product p;
    p.a = a.view();
    p.b = b.view();
    p.c = c.view();
    p.m = sizes.m;
    p.n = sizes.n;
    p.k = sizes.k;
    p.transpose_a = transpose_a;
    p.transpose_b = transpose_b;
    p.batch = batch;
    p.stride_a = sizes.m * sizes.k;
    p.stride_b = sizes.k * sizes.n;
    p.stride_c = sizes.m * sizes.n;
    return p;
  }

  double tolerance() const { return rounding_errors<T>(sizes.k); }

  void check(const std::string& what) {
    EXPECT_TRUE(a.guards_intact() && b.guards_intact() && c.guards_intact()) << what;
    for (std::int64_t i = 0; i < c.size(); ++i)
      ASSERT_NEAR(double{c[i]}, expected[static_cast<std::size_t>(i)], tolerance())
          << what << " at " << i << " of " << sizes.m << " x " << sizes.n << " x " << sizes.k
          << (transpose_a ? " T" : " N") << (transpose_b ? "T" : "N");
  }

  ProductSizes sizes;
  bool transpose_a, transpose_b;
  std::int64_t batch;
  GuardedMemory<T> a, b, c;
  std::vector<double> expected;
};

template <class F>
void for_transposes(const F& function) {
  for (const bool ta : {false, true})
    for (const bool tb : {false, true}) function(ta, tb);
}

template <class T>
void check_products(Backend& backend, const std::vector<ProductSizes>& sizes,
                    const std::string& what) {
  for (const ProductSizes& s : sizes)
    for_transposes([&](bool ta, bool tb) {
      Problem<T> overwrite(s, ta, tb);
      overwrite.c.fill(std::numeric_limits<T>::quiet_NaN());
      run(backend, overwrite.arguments());
      overwrite.check(what);

      Problem<T> add(s, ta, tb);
      for (std::int64_t i = 0; i < add.c.size(); ++i)
        add.expected[static_cast<std::size_t>(i)] += double{add.c[i]};
      Product p = add.arguments();
      p.accumulate = true;
      run(backend, p);
      add.check(what + ", accumulating");
    });
}

TEST(Product, MatchesTheNaiveSumsAtEveryLevel) {
  for (const cpu::Level* level : cpu::levels()) {
    check_products<float>(cpu::backend_of(*level), kSmallSizes, level->name);
    check_products<double>(cpu::backend_of(*level), kSmallSizes, level->name);
  }
}

TEST(Product, MatchesTheNaiveSumsWithEveryProvider) {
  for (const std::string& name : cpu::product_providers()) {
    const ProviderScope scope(name);
    check_products<float>(cpu::backend(), {{161, 163, 167}, {210, 200, 230}}, name);
    check_products<double>(cpu::backend(), {{161, 163, 167}, {210, 200, 230}}, name);
  }
}

/// A block inside larger matrices, so that rows stand further apart than they are long.
template <class T>
void check_inner_block(void (*multiply)(const cpu::ProductBlock<T>&), const std::string& what) {
  for (const ProductSizes& s : kSmallSizes)
    for_transposes([&](bool ta, bool tb) {
      for (const bool accumulate : {false, true}) {
        const std::int64_t lda = (ta ? s.m : s.k) + 3, ldb = (tb ? s.k : s.n) + 2, ldc = s.n + 5;
        GuardedMemory<T> a((ta ? s.k : s.m) * lda), b((tb ? s.n : s.k) * ldb), c(s.m * ldc);
        a.fill_spread(1);
        b.fill_spread(2);
        c.fill_spread(3);
        const GuardedMemory<T> before = c;
        multiply({a.data(), b.data(), c.data(), s.m, s.n, s.k, lda, ldb, ldc, ta, tb, accumulate});
        EXPECT_TRUE(c.guards_intact()) << what;
        for (std::int64_t i = 0; i < s.m; ++i)
          for (std::int64_t j = 0; j < ldc; ++j) {
            double expected = double{before[i * ldc + j]};
            if (j < s.n && !accumulate) expected = 0;
            for (std::int64_t p = 0; j < s.n && p < s.k; ++p)
              expected += double{a[ta ? p * lda + i : i * lda + p]} *
                          double{b[tb ? j * ldb + p : p * ldb + j]};
            const double tolerance = j < s.n ? rounding_errors<T>(s.k) : 0;
            ASSERT_NEAR(double{c[i * ldc + j]}, expected, tolerance)
                << what << " " << i << ", " << j << " of " << s.m << " x " << s.n << " x " << s.k
                << ta << tb;
          }
      }
    });
}

TEST(Product, ProvidersMultiplyBlocksOfLargerMatrices) {
  for (const cpu::Level* level : cpu::levels()) {
    for (const cpu::ProductProvider& provider : {level->eigen, level->tiles}) {
      check_inner_block(provider.multiply_float, std::string(provider.name) + " " + level->name);
      check_inner_block(provider.multiply_double, std::string(provider.name) + " " + level->name);
    }
  }
  for (const std::string& name : cpu::product_providers()) {
    const ProviderScope scope(name);
    check_inner_block(cpu::product_provider().multiply_float, name);
    check_inner_block(cpu::product_provider().multiply_double, name);
  }
}

TEST(Product, MultipliesABatch) {
  for (const cpu::Level* level : cpu::levels()) {
    Problem<float> problem({5, 9, 4}, false, true, 7);
    run(cpu::backend_of(*level), problem.arguments());
    problem.check(level->name);
  }
}

TEST(Product, SharesAnOperandThatHasNoStride) {
  Problem<double> problem({5, 9, 4}, false, false, 3);
  for (std::int64_t i = 20; i < 60; ++i) problem.a[i] = problem.a[i % 20];
  Problem<double> shared({5, 9, 4}, false, false, 3);
  Product all = problem.arguments();
  run(cpu::backend(), all);
  Product p = shared.arguments();
  p.a = View{problem.a.data(), 20, DType::float64};
  p.stride_a = 0;
  run(cpu::backend(), p);
  for (std::int64_t i = 0; i < problem.c.size(); ++i) ASSERT_EQ(problem.c[i], shared.c[i]);
}

TEST(Product, OfAnEmptyInnerDimensionIsZero) {
  for (const cpu::Level* level : cpu::levels())
    for_transposes([&](bool ta, bool tb) {
      for (const ProductSizes& s :
           {ProductSizes{3, 5, 0}, ProductSizes{3, 1, 0}, ProductSizes{1, 4, 0}}) {
        Problem<float> problem(s, ta, tb);
        run(cpu::backend_of(*level), problem.arguments());
        problem.check(level->name);
      }
    });
}

template <class T>
void check_epilogue(Backend& backend, ProductSizes s, const std::string& what) {
  Problem<T> problem(s, false, true);
  GuardedMemory<T> bias(s.n), pre(s.m * s.n), mask(s.m * s.n);
  bias.fill_spread(4);
  mask.fill_spread(5);
  Product p = problem.arguments();
  p.bias = bias.view();
  p.pre_activation = pre.view();
  p.activation = UnaryOp::relu;
  p.mask = mask.view();
  run(backend, p);
  std::vector<double> before;
  for (std::int64_t i = 0; i < s.m * s.n; ++i) {
    double& value = problem.expected[static_cast<std::size_t>(i)];
    value += double{bias[i % s.n]};
    before.push_back(value);
    value = double{mask[i]} > 0 ? std::max(value, 0.0) : 0.0;
  }
  problem.check(what);
  EXPECT_TRUE(bias.guards_intact() && pre.guards_intact() && mask.guards_intact()) << what;
  for (std::int64_t i = 0; i < pre.size(); ++i)
    ASSERT_NEAR(double{pre[i]}, before[static_cast<std::size_t>(i)], problem.tolerance()) << what;

  Problem<T> bias_only(s, false, true);
  Product q = bias_only.arguments();
  q.bias = bias.view();
  run(backend, q);
  bias_only.expected = before;
  bias_only.check(what + ", bias only");
}

TEST(Product, AppliesBiasActivationAndMask) {
  for (const cpu::Level* level : cpu::levels())
    for (const ProductSizes& s : {ProductSizes{10, 1, 10}, ProductSizes{7, 19, 5},
                                  ProductSizes{32, 64, 64}, ProductSizes{200, 210, 220}}) {
      check_epilogue<float>(cpu::backend_of(*level), s, level->name);
      check_epilogue<double>(cpu::backend_of(*level), s, level->name);
    }
}

template <class T>
void check_row_sums(Backend& backend, ProductSizes s, bool transpose_a, const std::string& what) {
  Problem<T> problem(s, transpose_a, false);
  GuardedMemory<T> sums(s.m);
  sums.fill_spread(6);
  for (const bool accumulate : {false, true}) {
    const GuardedMemory<T> before = sums;
    Product p = problem.arguments();
    p.row_sums = sums.view();
    p.accumulate_row_sums = accumulate;
    run(backend, p);
    EXPECT_TRUE(sums.guards_intact()) << what;
    for (std::int64_t i = 0; i < s.m; ++i) {
      double expected = accumulate ? double{before[i]} : 0.0;
      for (std::int64_t k = 0; k < s.k; ++k) expected += problem.left(0, i, k);
      ASSERT_NEAR(double{sums[i]}, expected, problem.tolerance()) << what << " row " << i;
    }
  }
  problem.check(what);
}

TEST(Product, SumsTheRowsOfItsLeftOperand) {
  for (const cpu::Level* level : cpu::levels())
    for (const bool transpose_a : {false, true})
      for (const ProductSizes& s : {ProductSizes{1, 10, 10}, ProductSizes{64, 64, 32},
                                    ProductSizes{75, 3, 37}, ProductSizes{200, 210, 220}}) {
        check_row_sums<float>(cpu::backend_of(*level), s, transpose_a, level->name);
        check_row_sums<double>(cpu::backend_of(*level), s, transpose_a, level->name);
      }
}

TEST(Product, GivesTheSameBitsWhateverTheThreadCount) {
  for (const std::string& name : cpu::product_providers()) {
    const ProviderScope scope(name);
    for_transposes([&](bool ta, bool tb) {
      Problem<float> one({200, 210, 220}, ta, tb), several({200, 210, 220}, ta, tb);
      {
        const ThreadCount threads(1);
        run(cpu::backend(), one.arguments());
      }
      const ThreadCount threads(3);
      run(cpu::backend(), several.arguments());
      EXPECT_TRUE(one.c.same_bits(several.c)) << name << ta << tb;
    });
  }
}

TEST(Product, LeavesTheProgramsOpenMPThreadsAsTheyWere) {
  if (omp_get_max_threads == nullptr || omp_set_num_threads == nullptr)
    GTEST_SKIP() << "no OpenMP in this program";
  const int previous = omp_get_max_threads();
  omp_set_num_threads(3);
  for (const std::string& name : cpu::product_providers()) {
    const ProviderScope scope(name);
    Problem<float> problem({200, 210, 220}, false, false);
    run(cpu::backend(), problem.arguments());
    EXPECT_EQ(omp_get_max_threads(), 3) << name;
  }
  omp_set_num_threads(previous);
}

TEST(Product, RefusesAnUnknownProvider) {
  std::string names;
  for (const std::string& name : cpu::product_providers())
    names += (names.empty() ? "" : ", ") + name;
  expect_error<ValueError>(
      "set_product_provider: no product provider \"abacus\": there are " + names,
      [] { cpu::set_product_provider("abacus"); });
}

}  // namespace
}  // namespace kindling::test
