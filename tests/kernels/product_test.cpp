// SPDX-License-Identifier: MIT
#include "tests/kernels/kernel_test.h"

#include <utility>

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
  Problem(Backend& on, ProductSizes s, bool ta, bool tb, std::int64_t count = 1)
      : backend(on),
        sizes(s),
        transpose_a(ta),
        transpose_b(tb),
        batch(count),
        a(spread<T>(s.m * s.k * count, -1, 1, 1)),
        b(spread<T>(s.k * s.n * count, -1, 1, 2)),
        before(spread<T>(s.m * s.n * count, -1, 1, 3)),
        a_buffer(on, a),
        b_buffer(on, b),
        c_buffer(on, before) {
    for (std::int64_t q = 0; q < count; ++q)
      for (std::int64_t i = 0; i < s.m; ++i)
        for (std::int64_t j = 0; j < s.n; ++j) {
          double sum = 0;
          for (std::int64_t p = 0; p < s.k; ++p) sum += left(q, i, p) * right(q, p, j);
          expected.push_back(sum);
        }
  }

  double left(std::int64_t q, std::int64_t i, std::int64_t p) const {
    const std::int64_t at = transpose_a ? p * sizes.m + i : i * sizes.k + p;
    return double{a[static_cast<std::size_t>(q * sizes.m * sizes.k + at)]};
  }
  double right(std::int64_t q, std::int64_t p, std::int64_t j) const {
    const std::int64_t at = transpose_b ? j * sizes.k + p : p * sizes.n + j;
    return double{b[static_cast<std::size_t>(q * sizes.k * sizes.n + at)]};
  }

  Product arguments() const {
    Product p;
    p.a = a_buffer.view();
    p.b = b_buffer.view();
    p.c = c_buffer.view();
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

  void check_after(const Product& p) const {
    SCOPED_TRACE(testing::Message()
                 << sizes.m << " x " << sizes.n << " x " << sizes.k << (transpose_a ? " T" : " N")
                 << (transpose_b ? "T" : "N") << (p.accumulate ? ", accumulating" : ""));
    run(backend, p);
    expect_near(c_buffer.values(), expected, 0, tolerance());
  }

  Backend& backend;
  ProductSizes sizes;
  bool transpose_a, transpose_b;
  std::int64_t batch;
  std::vector<T> a, b, before;
  Buffer<T> a_buffer, b_buffer, c_buffer;
  std::vector<double> expected;
};

template <class F>
void for_transposes(const F& function) {
  for (const bool ta : {false, true})
    for (const bool tb : {false, true}) function(ta, tb);
}

template <class T>
void check_products(Backend& backend, const std::vector<ProductSizes>& sizes) {
  for (const ProductSizes& s : sizes)
    for_transposes([&](bool ta, bool tb) {
      Problem<T> overwrite(backend, s, ta, tb);
      overwrite.c_buffer.set(std::vector<T>(overwrite.before.size(), T(NAN)));
      overwrite.check_after(overwrite.arguments());

      Problem<T> add(backend, s, ta, tb);
      for (std::size_t i = 0; i < add.before.size(); ++i) add.expected[i] += double{add.before[i]};
      Product p = add.arguments();
      p.accumulate = true;
      add.check_after(p);
    });
}

TEST(Product, MatchesTheNaiveSums) {
  on_every_backend([](Backend& backend) {
    check_products<float>(backend, kSmallSizes);
    check_products<double>(backend, kSmallSizes);
  });
}

// Several blocks, operands that are copied, sums that are cut into runs.
TEST(Product, MatchesTheNaiveSumsWhenLarge) {
  const std::vector<ProductSizes> sizes = {{161, 163, 167}, {210, 200, 230}, {97, 300, 70},
                                           {35, 65, 1100},  {1, 500, 600},   {500, 1, 600}};
  on_every_backend([&](Backend& backend) {
    check_products<float>(backend, sizes);
    check_products<double>(backend, sizes);
  });
}

TEST(Product, MultipliesABatch) {
  on_every_backend([](Backend& backend) {
    const Problem<float> problem(backend, {5, 9, 4}, false, true, 7);
    problem.check_after(problem.arguments());
  });
}

TEST(Product, SharesAnOperandThatHasNoStride) {
  on_every_backend([](Backend& backend) {
    Problem<double> problem(backend, {5, 9, 4}, false, false, 3);
    const std::vector<double> shared(problem.a.begin(), problem.a.begin() + 20);
    for (std::size_t i = 20; i < 60; ++i) problem.a[i] = shared[i % 20];
    problem.a_buffer.set(problem.a);
    run(backend, problem.arguments());
    const std::vector<double> repeated = problem.c_buffer.values();
    const Buffer<double> once(backend, shared);
    Product p = problem.arguments();
    p.a = once.view();
    p.stride_a = 0;
    run(backend, p);
    EXPECT_EQ(problem.c_buffer.values(), repeated);
  });
}

TEST(Product, OfAnEmptyInnerDimensionIsZero) {
  on_every_backend([](Backend& backend) {
    for_transposes([&](bool ta, bool tb) {
      for (const ProductSizes& s :
           {ProductSizes{3, 5, 0}, ProductSizes{3, 1, 0}, ProductSizes{1, 4, 0}}) {
        const Problem<float> problem(backend, s, ta, tb);
        problem.check_after(problem.arguments());
      }
    });
  });
}

template <class T>
void check_epilogue(Backend& backend, ProductSizes s) {
  Problem<T> problem(backend, s, false, true);
  const std::vector<T> bias = spread<T>(s.n, -1, 1, 4), mask = spread<T>(s.m * s.n, -1, 1, 5);
  const Buffer<T> bias_buffer(backend, bias), mask_buffer(backend, mask), pre(backend, s.m * s.n);
  std::vector<double> before;
  for (std::size_t i = 0; i < mask.size(); ++i) {
    double& value = problem.expected[i];
    value += double{bias[i % bias.size()]};
    before.push_back(value);
    value = double{mask[i]} > 0 ? std::max(value, 0.0) : 0.0;
  }
  Product p = problem.arguments();
  p.bias = bias_buffer.view();
  p.pre_activation = pre.view();
  p.activation = UnaryOp::relu;
  p.mask = mask_buffer.view();
  problem.check_after(p);
  expect_near(pre.values(), before, 0, problem.tolerance());

  Product bias_only = problem.arguments();
  bias_only.bias = bias_buffer.view();
  problem.expected = before;
  problem.check_after(bias_only);
}

TEST(Product, AppliesBiasActivationAndMask) {
  on_every_backend([](Backend& backend) {
    for (const ProductSizes& s : {ProductSizes{10, 1, 10}, ProductSizes{7, 19, 5},
                                  ProductSizes{32, 64, 64}, ProductSizes{200, 210, 220}}) {
      check_epilogue<float>(backend, s);
      check_epilogue<double>(backend, s);
    }
  });
}

template <class T>
void check_row_sums(Backend& backend, ProductSizes s, bool transpose_a) {
  const Problem<T> problem(backend, s, transpose_a, false);
  const std::vector<T> before = spread<T>(s.m, -1, 1, 6);
  for (const bool accumulate : {false, true}) {
    const Buffer<T> sums(backend, before);
    Product p = problem.arguments();
    p.row_sums = sums.view();
    p.accumulate_row_sums = accumulate;
    problem.check_after(p);
    std::vector<double> expected;
    for (std::int64_t i = 0; i < s.m; ++i) {
      expected.push_back(accumulate ? double{before[static_cast<std::size_t>(i)]} : 0.0);
      for (std::int64_t k = 0; k < s.k; ++k) expected.back() += problem.left(0, i, k);
    }
    expect_near(sums.values(), expected, 0, problem.tolerance());
  }
}

TEST(Product, SumsTheRowsOfItsLeftOperand) {
  on_every_backend([](Backend& backend) {
    for (const bool transpose_a : {false, true})
      for (const ProductSizes& s : {ProductSizes{1, 10, 10}, ProductSizes{64, 64, 32},
                                    ProductSizes{75, 3, 37}, ProductSizes{200, 210, 220}}) {
        check_row_sums<float>(backend, s, transpose_a);
        check_row_sums<double>(backend, s, transpose_a);
      }
  });
}

TEST(Product, GivesTheSameBitsWhateverTheThreadCount) {
  on_every_backend([](Backend& backend) {
    for_transposes([&](bool ta, bool tb) {
      const Problem<float> one(backend, {200, 210, 220}, ta, tb);
      const Problem<float> several(backend, {200, 210, 220}, ta, tb);
      for (const Problem<float>* problem : {&one, &several}) {
        const ThreadCount threads(problem == &one ? 1 : 3);
        run(backend, problem->arguments());
      }
      EXPECT_TRUE(same_bits(one.c_buffer.values(), several.c_buffer.values())) << ta << tb;
    });
  });
}

/// A copy of a matrix that begins `shift` elements later than another would.
template <class T>
class ShiftedMatrix {
 public:
  ShiftedMatrix(Backend& backend, const std::vector<T>& from, std::size_t shift)
      : shift_(shift), size_(from.size()), buffer_(backend, shifted(from, shift)) {}
  View view() const {
    return {buffer_.data() + shift_, static_cast<std::int64_t>(size_), dtype_of<T>};
  }
  std::vector<T> values() const {
    const std::vector<T> all = buffer_.values();
    return {all.begin() + static_cast<std::ptrdiff_t>(shift_), all.end()};
  }

 private:
  static std::vector<T> shifted(const std::vector<T>& from, std::size_t shift) {
    std::vector<T> all(shift);
    all.insert(all.end(), from.begin(), from.end());
    return all;
  }
  std::size_t shift_, size_;
  Buffer<T> buffer_;
};

template <class T>
void check_alignment(Backend& backend, ProductSizes sizes, bool ta, bool tb) {
  const Problem<T> problem(backend, sizes, ta, tb);
  run(backend, problem.arguments());
  for (const std::size_t shift : {1U, 2U, 3U, 7U}) {
    const ShiftedMatrix<T> a(backend, problem.a, shift), b(backend, problem.b, shift / 2),
        c(backend, problem.before, (shift + 1) % 8);
    Product p = problem.arguments();
    p.a = a.view();
    p.b = b.view();
    p.c = c.view();
    run(backend, p);
    EXPECT_TRUE(same_bits(c.values(), problem.c_buffer.values()))
        << "shifted by " << shift << ": " << sizes.m << " x " << sizes.n << " x " << sizes.k << ta
        << tb;
  }
}

TEST(Product, GivesTheSameBitsWhereverItsOperandsLie) {
  on_every_backend([](Backend& backend) {
    for (const ProductSizes& s : {ProductSizes{1, 37, 50}, ProductSizes{37, 1, 50},
                                  ProductSizes{33, 70, 41}, ProductSizes{130, 150, 160}})
      for_transposes([&](bool ta, bool tb) {
        check_alignment<float>(backend, s, ta, tb);
        check_alignment<double>(backend, s, ta, tb);
      });
  });
}

// The sum behind an element is a matter of its row, its column and k: so a product cut in two, at
// any place, is the whole one bit for bit, however its tiles fall.
TEST(Product, GivesAnElementTheSameBitsWhereverItStands) {
  on_every_backend([](Backend& backend) {
    for_transposes([&](bool ta, bool tb) {
      const ProductSizes s{61, 143, 530};
      const Problem<float> whole(backend, s, ta, tb);
      run(backend, whole.arguments());
      const std::vector<float> c = whole.c_buffer.values();
      for (const std::int64_t first : {9, 16, 40}) {
        for (const auto& [begin, rows] :
             {std::pair{std::int64_t{0}, first}, {first, s.m - first}}) {
          std::vector<float> part;  // those rows of op(a), stored as a is
          for (std::int64_t i = 0; i < rows * s.k; ++i) {
            const std::int64_t row = begin + (ta ? i % rows : i / s.k);
            part.push_back(static_cast<float>(whole.left(0, row, ta ? i / rows : i % s.k)));
          }
          const Buffer<float> a(backend, part), result(backend, rows * s.n);
          Product p = whole.arguments();
          p.a = a.view();
          p.c = result.view();
          p.m = rows;
          run(backend, p);
          EXPECT_TRUE(same_bits(result.values(),
                                {c.begin() + begin * s.n, c.begin() + (begin + rows) * s.n}))
              << ta << tb << " rows from " << begin;
        }
      }
    });
  });
}

}  // namespace
}  // namespace kindling::test
