// SPDX-License-Identifier: MIT
#include <kindling/kernels/cpu/memory.h>
#include <kindling/kernels/cpu/product_tiles.h>
#include <kindling/kernels/cpu/vector.h>

#include <cstddef>
#include <cstdint>
#include <utility>

namespace kindling::kernels::cpu::KINDLING_ISA {
namespace {

// Sums at a time: as many as a register has lanes, of kVectors<T> vectors or of one.
template <class T>
constexpr int kVectors = kLanes<T> < 8 ? 1 : 4;

/// Lane i of the result is the sum of the lanes i, i + count, i + 2 count ... of the vector.
template <class T, int count, int half = kLanes<T> / 2>
__attribute__((always_inline)) inline Vector<T> fold(Vector<T> vector) {
  if constexpr (half >= count) {
    constexpr std::make_integer_sequence<int, kLanes<T>> all{};
    return fold<T, count, half / 2>(vector + rotate<T, half>(vector, all));
  } else {
    return vector;
  }
}

/// The vector whose lane i is the sum of the lanes of vector i. Two vectors are interleaved into
/// one whose lanes in turn belong to the one and the other, until one is left.
template <class T, int count>
__attribute__((always_inline)) inline Vector<T> sums_of_lanes(
    Vector<T> (&sums)[std::size_t{count}]) {
  constexpr std::make_integer_sequence<int, kLanes<T>> all{};
#pragma GCC unroll 5
  for (int pairs = count / 2; pairs > 0; pairs /= 2)
#pragma GCC unroll 16
    for (int i = 0; i < pairs; ++i)
      sums[i] = interleave<T, 0>(sums[i], sums[i + pairs], all) +
                interleave<T, 1>(sums[i], sums[i + pairs], all);
  return fold<T, count>(sums[0]);
}

/// Rows of equal length, `step` elements apart.
template <class T>
struct Rows {
  const T* data;
  std::int64_t step;
};

/// out[i * row_step + j * vector_step] (+)= rows[i] . vectors[j], over k elements
template <class T>
struct Output {
  T* data;
  std::int64_t row_step;
  std::int64_t vector_step;
  bool accumulate;
};

/// For `rows` rows and `count` vectors.
template <class T, int rows, int count>
void dot_rows(const Rows<T>& a, const Rows<T>& x, std::int64_t k, const Output<T>& out) {
  constexpr std::int64_t lanes = kLanes<T>;
  Vector<T> sums[std::size_t{rows} * std::size_t{count}];
#pragma GCC unroll 16
  for (Vector<T>& sum : sums) sum = Vector<T>{};
  const auto add = [&](const auto& load_lanes) __attribute__((always_inline)) {
    Vector<T> right[std::size_t{count}];
#pragma GCC unroll 4
    for (int j = 0; j < count; ++j) right[j] = load_lanes(x.data + j * x.step);
#pragma GCC unroll 4
    for (int i = 0; i < rows; ++i) {
      const Vector<T> left = load_lanes(a.data + i * a.step);
#pragma GCC unroll 4
      for (int j = 0; j < count; ++j) sums[i * count + j] += left * right[j];
    }
  };
  std::int64_t p = 0;
  for (; k - p >= lanes; p += lanes)
    add([=](const T* data) __attribute__((always_inline)) { return load(data + p); });
  if (p < k)
    add([=](const T* data) __attribute__((always_inline)) { return load_part(data + p, k - p); });

  T totals[std::size_t{lanes}];
  store(totals, sums_of_lanes<T, rows * count>(sums));
  for (int i = 0; i < rows; ++i)
    for (int j = 0; j < count; ++j) {
      T& target = out.data[i * out.row_step + j * out.vector_step];
      const T total = totals[i * count + j];
      target = out.accumulate ? target + total : total;
    }
}

template <class T, int count>
void dot_all(Rows<T> a, std::int64_t rows, Rows<T> x, std::int64_t k, Output<T> out) {
  const auto dot = [&]<int together>() {
    for (; rows >= together; rows -= together) {
      dot_rows<T, together, count>(a, x, k, out);
      a.data += together * a.step;
      out.data += together * out.row_step;
    }
  };
  constexpr int most = kLanes<T> / count;
  dot.template operator()<(most < 4 ? most : 4)>();
  dot.template operator()<(most < 2 ? most : 2)>();
  dot.template operator()<1>();
}

/// rows . x for `count` vectors x
template <class T>
void multiply_rows(Rows<T> a, std::int64_t rows, Rows<T> x, std::int64_t count, std::int64_t k,
                   Output<T> out) {
  for (; count >= kVectors<T>; count -= kVectors<T>) {
    dot_all<T, kVectors<T>>(a, rows, x, k, out);
    x.data += kVectors<T> * x.step;
    out.data += kVectors<T> * out.vector_step;
  }
  for (; count > 0; --count) {
    dot_all<T, 1>(a, rows, x, k, out);
    x.data += x.step;
    out.data += out.vector_step;
  }
}

/// out [columns] (+)= sum over p of x[p * x_step] * rows[p], for as many columns as vectors hold,
/// the last of them `last`
template <class T, int vectors>
void add_rows(Rows<T> rows, const T* x, std::int64_t x_step, std::int64_t count, T* out,
              std::int64_t last, bool accumulate) {
  constexpr int lanes = kLanes<T>;
  const auto load_at = [last](const T* data, int j) __attribute__((always_inline)) {
    return j + 1 < vectors || last == lanes ? load(data + j * lanes)
                                            : load_part(data + j * lanes, last);
  };
  Vector<T> sum[std::size_t{vectors}];
#pragma GCC unroll 8
  for (int j = 0; j < vectors; ++j) sum[j] = accumulate ? load_at(out, j) : Vector<T>{};
  for (std::int64_t p = 0; p < count; ++p, rows.data += rows.step) {
#pragma GCC unroll 8
    for (int j = 0; j < vectors; ++j) sum[j] += x[p * x_step] * load_at(rows.data, j);
  }
#pragma GCC unroll 8
  for (int j = 0; j < vectors; ++j) {
    if (j + 1 < vectors || last == lanes)
      store(out + j * lanes, sum[j]);
    else
      store_part(out + j * lanes, sum[j], last);
  }
}

/// out [columns] (+)= x [count] rows: a few rows at a time, so that many elements of each follow
/// one another.
template <class T>
void combine_rows(Rows<T> rows, const T* x, std::int64_t x_step, std::int64_t count, T* out,
                  std::int64_t columns, bool accumulate) {
  constexpr std::int64_t lanes = kLanes<T>, kTogether = 16, kInCache = 32768;
  const bool at_once = count * rows.step * std::int64_t{sizeof(T)} <= kInCache;
  std::int64_t p = 0;
  do {
    const std::int64_t together = at_once || count - p < kTogether ? count - p : kTogether;
    std::int64_t j = 0;
    const auto add = [&]<int vectors>() {
      for (; columns - j > (vectors - 1) * lanes; j += vectors * lanes) {
        const std::int64_t last = columns - j - (vectors - 1) * lanes;
        add_rows<T, vectors>({rows.data + p * rows.step + j, rows.step}, x + p * x_step, x_step,
                             together, out + j, last < lanes ? last : lanes, accumulate || p > 0);
      }
    };
    add.template operator()<8>();
    add.template operator()<4>();
    add.template operator()<2>();
    add.template operator()<1>();
    p += together;
  } while (p < count);
}

template <class T>
void multiply(const ProductBlock<T>& block) {
  const auto& [a, b, c, m, n, k, lda, ldb, ldc, transpose_a, transpose_b, accumulate] = block;
  if (m == 1 && !transpose_b)
    return combine_rows(Rows<T>{b, ldb}, a, transpose_a ? lda : 1, k, c, n, accumulate);
  if (n == 1 && transpose_a)
    return combine_rows(Rows<T>{a, lda}, b, transpose_b ? 1 : ldb, k, c, m, accumulate);
  if (transpose_b && m <= n)
    return multiply_rows(Rows<T>{b, ldb}, n, Rows<T>{a, lda}, m, k,
                         Output<T>{c, 1, ldc, accumulate});
  const Output<T> out{c, ldc, 1, accumulate};
  if (transpose_b || (n == 1 && ldb == 1))
    return multiply_rows(Rows<T>{a, lda}, m, transpose_b ? Rows<T>{b, ldb} : Rows<T>{b, 1}, n, k,
                         out);
  const auto bytes = static_cast<std::size_t>(n * k) * sizeof(T);
  T* columns = static_cast<T*>(allocate(bytes));
  for (std::int64_t p = 0; p < k; ++p)
    for (std::int64_t j = 0; j < n; ++j) columns[j * k + p] = b[p * ldb + j];
  multiply_rows(Rows<T>{a, lda}, m, Rows<T>{columns, k}, n, k, out);
  deallocate(columns, bytes);
}

/// Whether there are so few rows or columns that tiles would be filled in part.
template <class T>
bool suits(const ProductBlock<T>& block) {
  constexpr std::int64_t kFewColumns = 4, kFewRows = 8, kLong = 128;
  if (block.m == 1 && (!block.transpose_b || !block.transpose_a)) return true;
  if (block.transpose_a) return block.n == 1 && block.ldc == 1;
  const bool is_long = block.k >= kLong;
  return block.n <= (is_long ? kFewColumns : 1) ||
         (block.transpose_b && block.m <= (is_long ? kFewRows : 1));
}

template <class T>
bool multiply_if_suitable(const ProductBlock<T>& block) {
  if (!suits(block)) return false;
  multiply(block);
  return true;
}

}  // namespace

bool multiply_vectors(const ProductBlock<float>& block) { return multiply_if_suitable(block); }
bool multiply_vectors(const ProductBlock<double>& block) { return multiply_if_suitable(block); }

}  // namespace kindling::kernels::cpu::KINDLING_ISA
