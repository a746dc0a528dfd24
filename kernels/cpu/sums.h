// SPDX-License-Identifier: MIT
#pragma once

#include <kindling/kernels/cpu/loops.h>
#include <kindling/kernels/cpu/vector.h>

#include <type_traits>

/// Every sum of the library. Short runs are added up in the dtype, in many sums side by side,
/// blocks of a few runs in double, one after the other, and blocks in pairs. Whatever its length, a
/// term of a float32 sum so passes at most seven roundings to float32, and an eighth when the
/// result is rounded: four units in the last place of the sum of magnitudes. A term of a float64
/// sum passes log2(n) + 10. The order of additions depends on the size alone.
namespace kindling::kernels::cpu::KINDLING_ISA {

inline constexpr int kInterleaved = 4;  // independent sums, to hide the latency of an addition

/// Elements of a run, which are added up in the dtype: four pairs of vectors for each of the sums.
template <class T>
inline constexpr std::int64_t kRun = kLanes<T> * 2 * kInterleaved * 4;

template <class T>
inline constexpr std::int64_t kBlock = kRun<T> * 4;

/// sums[w] += vectors w and kInterleaved + w of those that begin at x
template <class T>
__attribute__((always_inline)) inline void add_pairs(const T* x, Vector<T> (&sums)[kInterleaved]) {
  for (int w = 0; w < kInterleaved; ++w)
    sums[w] += load(x + w * kLanes<T>) + load(x + (kInterleaved + w) * kLanes<T>);
}

/// The sum of up to kBlock elements. Not inlined: it is long, and for arrays shorter than a block
/// GCC warns of loops that never run.
template <class T>
__attribute__((noinline)) double sum_of_block(const T* x, std::int64_t n) {
  constexpr int lanes = kLanes<T>;
  constexpr int pairs = 2 * kInterleaved * lanes;
  const auto in_double = [](const Vector<T>(&sums)[kInterleaved]) __attribute__((always_inline)) {
    return halves_added((sums[0] + sums[1]) + (sums[2] + sums[3]));
  };
  double total = 0;
  std::int64_t i = 0;
  if (n >= lanes) {
    Vector<double> totals{};
    for (; n - i >= kRun<T>; i += kRun<T>) {
      Vector<T> sums[kInterleaved] = {};
      for (int k = 0; k < 4; ++k) add_pairs(x + i + k * pairs, sums);
      totals += in_double(sums);
    }
    Vector<T> sums[kInterleaved] = {};
    for (; n - i >= pairs; i += pairs) add_pairs(x + i, sums);
    for (int w = 0; w < 2 * kInterleaved - 1; ++w)
      if (n - i >= lanes) {
        sums[w % kInterleaved] += load(x + i);
        i += lanes;
      }
    total = sum_of_lanes<double>(totals + in_double(sums));
  }
  double rest = 0;
  for (; i < n; ++i) rest += static_cast<double>(x[i]);
  return total + rest;
}

/// The sum of part(begin, end) over the pieces of [begin, end) of `size` elements each (the last
/// may be shorter), in their order.
template <class F>
double sum_in_pairs(std::int64_t begin, std::int64_t end, std::int64_t size, const F& part) {
  if (end - begin <= size) return part(begin, end);
  const std::int64_t middle = begin + (end - begin + size - 1) / size / 2 * size;
  const double first = sum_in_pairs(begin, middle, size, part);
  return first + sum_in_pairs(middle, end, size, part);
}

/// The sum of n elements.
template <class T>
inline double sum_of(const T* x, std::int64_t n) {
  return sum_in_pairs(0, n, kBlock<T>, [x](std::int64_t begin, std::int64_t end) {
    return sum_of_block(x + begin, end - begin);
  });
}

/// The sum of the values that compute(begin, count, values) leaves for the pieces of [begin, end).
template <class T, class F>
inline double sum_of_values(std::int64_t begin, std::int64_t end, const F& compute) {
  T values[kPiece];
  T* const buffer = values;
  return sum_in_pairs(begin, end, kPiece,
                      [&compute, buffer](std::int64_t first, std::int64_t past) {
                        compute(first, past - first, buffer);
                        return sum_of(buffer, past - first);
                      });
}

inline constexpr std::int64_t kMostParts = 64;

/// Elements of each part when `count` are dealt out in at most kMostParts, none of them small.
inline std::int64_t part_size(std::int64_t count, std::int64_t at_least) {
  const std::int64_t even = (count + kMostParts - 1) / kMostParts;
  return even < at_least ? at_least : even;
}

/// The sum of part(begin, end) over the pieces of [0, count), each of at least `at_least` elements,
/// in parallel.
template <class F>
inline double sum_of_parts(std::int64_t count, std::int64_t at_least, const F& part) {
  const std::int64_t size = part_size(count, at_least);
  if (count <= size) return count == 0 ? 0.0 : part(std::int64_t{0}, count);
  double sums[kMostParts];
  const std::int64_t parts = (count + size - 1) / size;
  parallel_for(parts,
               [&](std::int64_t i) { sums[i] = part(i * size, smaller((i + 1) * size, count)); });
  return sum_of(sums, parts);
}

inline constexpr std::int64_t kStrip = 64;      // columns summed together
inline constexpr std::int64_t kRunOfRows = 64;  // rows added up in the dtype
inline constexpr std::int64_t kBlockOfRows = 8 * kRunOfRows;

/// The sum of `count` (a power of two) values V, in pairs: what stands at x, at x + step and so on.
template <class V, int count, class T>
__attribute__((always_inline)) inline V sum_of_rows(const T* x, std::int64_t step) {
  if constexpr (count == 1) {
    V value;
    std::memcpy(&value, x, sizeof value);
    return value;
  } else {
    return sum_of_rows<V, count / 2>(x, step) +
           sum_of_rows<V, count / 2>(x + count / 2 * step, step);
  }
}

/// sum_columns of up to kBlockOfRows rows of `width` values V, elements or vectors.
template <class V, std::size_t width, class T>
__attribute__((always_inline)) inline void sum_block_of_columns(const T* x, std::int64_t rows,
                                                                std::int64_t step, double* totals) {
  constexpr std::size_t size = sizeof(V) / sizeof(T);  // NOLINT(bugprone-sizeof-expression)
  std::int64_t begin = 0;
  do {
    const std::int64_t n = smaller(kRunOfRows, rows - begin);
    V sums[width] = {};
    const auto add = [&](auto count) __attribute__((always_inline)) {
      for (std::size_t w = 0; w < width; ++w)
        sums[w] += sum_of_rows<V, count()>(x + w * size, step);
      x += count() * step;
    };
    if ((n & 1) != 0) add(std::integral_constant<int, 1>());
    if ((n & 2) != 0) add(std::integral_constant<int, 2>());
    if ((n & 4) != 0) add(std::integral_constant<int, 4>());
    if ((n & 8) != 0) add(std::integral_constant<int, 8>());
    for (std::int64_t k = 0; k < n / 16; ++k) add(std::integral_constant<int, 16>());
    T run[width * size];
    std::memcpy(run, sums, sizeof run);
    const T* const in_run = run;
    const bool first = begin == 0;
    simd_for(width * size, [=](std::int64_t i) {
      totals[i] = static_cast<double>(in_run[i]) + (first ? 0.0 : totals[i]);
    });
    begin += kRunOfRows;
  } while (begin < rows);
}

/// totals[0, width) = the sums of `width` <= kStrip columns of x [rows, width], whose rows are
/// `step` elements apart.
template <class T>
void sum_columns(const T* x, std::int64_t rows, std::int64_t step, std::int64_t width,
                 double* totals) {
  if (rows > kBlockOfRows) {
    const std::int64_t half = (rows + kBlockOfRows - 1) / kBlockOfRows / 2 * kBlockOfRows;
    double others[kStrip];
    sum_columns(x, half, step, width, totals);
    sum_columns(x + half * step, rows - half, step, width, others);
    const double* const addends = others;
    simd_for(width, [=](std::int64_t i) { totals[i] += addends[i]; });
    return;
  }
  constexpr std::int64_t lanes = kLanes<T>;
  std::int64_t i = 0;
  for (; width - i >= 4 * lanes; i += 4 * lanes)
    sum_block_of_columns<Vector<T>, 4>(x + i, rows, step, totals + i);
  for (; width - i >= lanes; i += lanes)
    sum_block_of_columns<Vector<T>, 1>(x + i, rows, step, totals + i);
  for (; i < width; ++i) sum_block_of_columns<T, 1>(x + i, rows, step, totals + i);
}

}  // namespace kindling::kernels::cpu::KINDLING_ISA
