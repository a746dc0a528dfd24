// SPDX-License-Identifier: MIT
#include <kindling/kernels/cpu/instruction_set.h>

#include "tests/kernels/guarded_memory.h"
#include "tests/support/threads.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <string>
#include <utility>
#include <vector>

namespace kindling::test {
namespace {

using namespace kernels;

struct ProductSizes {
  std::int64_t m, n, k;
};

const std::vector<ProductSizes> kSmallSizes = {
    {1, 1, 1},    {10, 1, 10},  {1, 10, 10},  {3, 5, 7},    {6, 16, 1},
    {1, 64, 32},  {32, 64, 64}, {17, 33, 65}, {64, 10, 31}, {65, 129, 9},
    {13, 15, 40}, {2, 3, 1100}, {4, 9, 130},  {9, 3, 150},  {5, 50, 150},
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

// Several blocks, operands that are copied, sums that are cut into runs.
TEST(Product, MatchesTheNaiveSumsWhenLarge) {
  const std::vector<ProductSizes> sizes = {{161, 163, 167}, {210, 200, 230}, {97, 300, 70},
                                           {35, 65, 1100},  {1, 500, 600},   {500, 1, 600}};
  for (const cpu::Level* level : cpu::levels()) {
    check_products<float>(cpu::backend_of(*level), sizes, level->name);
    check_products<double>(cpu::backend_of(*level), sizes, level->name);
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
  for (const cpu::Level* level : cpu::levels())
    for_transposes([&](bool ta, bool tb) {
      Problem<float> one({200, 210, 220}, ta, tb), several({200, 210, 220}, ta, tb);
      {
        const ThreadCount threads(1);
        run(cpu::backend_of(*level), one.arguments());
      }
      const ThreadCount threads(3);
      run(cpu::backend_of(*level), several.arguments());
      EXPECT_TRUE(one.c.same_bits(several.c)) << level->name << ta << tb;
    });
}

/// A copy of a matrix that begins `shift` elements past a multiple of 64 bytes.
template <class T>
class ShiftedMatrix {
 public:
  ShiftedMatrix(const GuardedMemory<T>& from, std::size_t shift)
      : size_(from.size()), memory_(static_cast<std::size_t>(size_) + 64) {
    const std::size_t past = reinterpret_cast<std::uintptr_t>(memory_.data()) % 64 / sizeof(T);
    data_ = memory_.data() + (64 / sizeof(T) - past) + shift;
    std::copy_n(from.data(), size_, data_);
  }
  View view() { return {data_, size_, dtype_of<T>}; }

 private:
  std::int64_t size_;
  std::vector<T> memory_;
  T* data_;
};

template <class T>
void check_alignment(Backend& backend, ProductSizes sizes, bool ta, bool tb, const char* what) {
  Problem<T> first(sizes, ta, tb);
  run(backend, first.arguments());
  for (const std::size_t shift : {0u, 1u, 3u, 7u}) {
    Problem<T> second(sizes, ta, tb);
    ShiftedMatrix<T> a(first.a, shift), b(first.b, shift / 2), c(first.c, (shift + 1) % 8);
    Product p = second.arguments();
    p.a = a.view();
    p.b = b.view();
    p.c = c.view();
    run(backend, p);
    EXPECT_EQ(
        std::memcmp(p.c.data, first.c.data(), static_cast<std::size_t>(first.c.size()) * sizeof(T)),
        0)
        << what << " shifted by " << shift << ": " << sizes.m << " x " << sizes.n << " x "
        << sizes.k << ta << tb;
  }
}

TEST(Product, GivesTheSameBitsWhereverItsOperandsLie) {
  for (const cpu::Level* level : cpu::levels())
    for (const ProductSizes& s : {ProductSizes{1, 37, 50}, ProductSizes{37, 1, 50},
                                  ProductSizes{33, 70, 41}, ProductSizes{130, 150, 160}})
      for_transposes([&](bool ta, bool tb) {
        check_alignment<float>(cpu::backend_of(*level), s, ta, tb, level->name);
        check_alignment<double>(cpu::backend_of(*level), s, ta, tb, level->name);
      });
}

// The sum behind an element is a matter of its row, its column and k: so a product cut in two, at
// any place, is the whole one bit for bit, however its tiles fall.
TEST(Product, GivesAnElementTheSameBitsWhereverItStands) {
  for (const cpu::Level* level : cpu::levels())
    for_transposes([&](bool ta, bool tb) {
      const ProductSizes s{61, 143, 530};
      Problem<float> whole(s, ta, tb);
      run(cpu::backend_of(*level), whole.arguments());
      for (const std::int64_t first : {9, 16, 40}) {
        for (const auto& [begin, rows] :
             {std::pair{std::int64_t{0}, first}, {first, s.m - first}}) {
          Problem<float> part({rows, s.n, s.k}, ta, tb);
          for (std::int64_t i = 0; i < rows; ++i)
            for (std::int64_t p = 0; p < s.k; ++p)
              part.a[ta ? p * rows + i : i * s.k + p] =
                  whole.a[ta ? p * s.m + begin + i : (begin + i) * s.k + p];
          part.b = whole.b;
          run(cpu::backend_of(*level), part.arguments());
          ASSERT_EQ(std::memcmp(part.c.data(), whole.c.data() + begin * s.n,
                                static_cast<std::size_t>(rows * s.n) * sizeof(float)),
                    0)
              << level->name << ta << tb << " rows from " << begin;
        }
      }
    });
}

}  // namespace
}  // namespace kindling::test
