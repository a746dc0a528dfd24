// SPDX-License-Identifier: MIT
#include <kindling/kernels/cpu/product_packing.h>
#include <kindling/kernels/cpu/product_tiles.h>
#include <kindling/kernels/cpu/vector.h>

#include <cstddef>
#include <cstdint>

/// The product of two matrices after Goto and van de Geijn ("Anatomy of High-Performance Matrix
/// Multiplication", 2008), for operands in row order: the sums of a tile of c stay in registers
/// while a few rows of a, which stay in the L1 cache, meet one panel of b after the other, which
/// stay in L2.
///
/// An element of c is a sum over p in ascending order, in runs of kDepth that are then added up:
/// neither its place nor the place of the operands in memory has a part in it.
namespace kindling::kernels::cpu::KINDLING_ISA {
namespace {

constexpr std::int64_t kRightInPlace = 524288;  // bytes of b that are as good in place as copied
constexpr std::int64_t kLeftInPlace = 98304;    // and of a
constexpr std::int64_t kFewRows = 32;           // for which it is not worth while to copy b
constexpr std::int64_t kDeep = 64;              // rows of b, while whose products c may arrive

/// c [rows, b.columns] (+)= a b
template <class T, int rows, int vectors>
void multiply_tile(const Left<T>& a, const Panel<T>& b, T* c, std::int64_t ldc, bool accumulate) {
  constexpr int lanes = kLanes<T>;
  const std::int64_t ahead = b.depth >= kDeep ? 0 : 2 * vectors * lanes;
  const std::int64_t last = b.columns - (vectors - 1) * lanes;  // columns of the last vector
  // Unrolled, for only then do the sums live in registers from first to last.
  Vector<T> sum[std::size_t{rows}][std::size_t{vectors}];
#pragma GCC unroll 8
  for (int i = 0; i < rows; ++i)
#pragma GCC unroll 8
    for (int j = 0; j < vectors; ++j) {
      __builtin_prefetch(c + i * ldc + ahead + j * lanes, 1);
      sum[i][j] = Vector<T>{};
    }
  const T* left = a.data;
  const T* row = b.data;
  for (std::int64_t p = 0; p < b.depth; ++p, left += a.column, row += b.step) {
    Vector<T> right[std::size_t{vectors}];
#pragma GCC unroll 8
    for (int j = 0; j < vectors; ++j) {
      right[j] = load(row + j * lanes);
      __builtin_prefetch(row + kRowsAhead * b.step + j * lanes);
    }
#pragma GCC unroll 8
    for (int i = 0; i < rows; ++i)
#pragma GCC unroll 8
      for (int j = 0; j < vectors; ++j) sum[i][j] += left[i * a.row] * right[j];
  }
#pragma GCC unroll 8
  for (int i = 0; i < rows; ++i, c += ldc)
#pragma GCC unroll 8
    for (int j = 0; j < vectors; ++j) {
      T* target = c + j * lanes;
      if (j + 1 < vectors || last == lanes) {
        store(target, accumulate ? sum[i][j] + load(target) : sum[i][j]);
      } else {
        store_part(target, accumulate ? sum[i][j] + load_part(target, last) : sum[i][j], last);
      }
    }
}

/// Calls function.operator()<vectors>() for the number of vectors that hold `columns` elements.
template <class T, int vectors = kTileVectors, class F>
__attribute__((always_inline)) inline void with_vectors(std::int64_t columns, const F& function) {
  if constexpr (vectors > 1) {
    if (columns <= (vectors - 1) * kLanes<T>)
      return with_vectors<T, vectors - 1>(columns, function);
  }
  function.template operator()<vectors>();
}

/// c [m, columns of the strip] (+)= a b
template <class T>
void multiply_strip(Left<T> a, std::int64_t m, const Strip<T>& b, T* c, std::int64_t ldc,
                    bool accumulate) {
  static_assert(kTileRows == 6);
  const auto tiles = [&]<int rows>() {
    Panel<T> panel = b.first;
    T* target = c;
    for (std::int64_t x = 0; x < b.panels; ++x) {
      multiply_tile<T, rows, kTileVectors>(a, panel, target, ldc, accumulate);
      panel.data += b.panel_step;
      target += kTileColumns<T>;
    }
    if (b.last.columns > 0)
      with_vectors<T>(b.last.columns, [&]<int vectors>() {
        multiply_tile<T, rows, vectors>(a, b.last, target, ldc, accumulate);
      });
    a.data += rows == kTileRows ? a.tile : rows * a.row;
    c += rows * ldc;
    m -= rows;
  };
  while (m >= 6) tiles.template operator()<6>();
  if (m >= 4) tiles.template operator()<4>();
  if (m >= 2) tiles.template operator()<2>();
  if (m >= 1) tiles.template operator()<1>();
}

template <class T>
void multiply(const ProductBlock<T>& block) {
  constexpr std::int64_t width = kTileColumns<T>;
  const auto least = [](std::int64_t a, std::int64_t b) { return a < b ? a : b; };
  const std::int64_t most_depth = least(kDepth<T>, block.k);
  const auto fits = [&](std::int64_t step, std::int64_t cache) {
    return most_depth * step * std::int64_t{sizeof(T)} <= cache;
  };
  const bool left_in_place = !block.transpose_a || fits(block.lda, kLeftInPlace);
  const bool right_in_place =
      !block.transpose_b && (block.m < kFewRows || fits(block.ldb, kRightInPlace));
  const std::int64_t strip_width =
      right_in_place || block.k == 0 ? block.n : kPackedRight<T> / (most_depth + 1) / width * width;
  const std::int64_t rows_together = left_in_place ? block.m : kRowsTogether;
  const std::int64_t copied = right_in_place ? block.n % width : least(strip_width, block.n);
  const PackingMemory<T> memory(
      left_in_place ? 0 : (kRowsTogether / kTileRows) * tile_step<T>(most_depth),
      (copied + width - 1) / width * panel_step<T>(most_depth));
  for (std::int64_t j = 0; j < block.n; j += strip_width) {
    const std::int64_t columns = least(strip_width, block.n - j);
    std::int64_t p = 0;
    do {
      const std::int64_t depth = least(most_depth, block.k - p);
      const Strip<T> b = make_strip(block, right_in_place, p, depth, j, columns, memory.right());
      for (std::int64_t i = 0; i < block.m; i += rows_together) {
        const std::int64_t rows = least(rows_together, block.m - i);
        Left<T> a{block.a + i * block.lda + p, block.lda, 1, kTileRows * block.lda};
        if (block.transpose_a) a = {block.a + p * block.lda + i, 1, block.lda, kTileRows};
        if (!left_in_place) {
          pack_left(block, i, rows, p, depth, memory.left());
          a = {memory.left(), 1, kTileRows, tile_step<T>(depth)};
        }
        multiply_strip(a, rows, b, block.c + i * block.ldc + j, block.ldc,
                       block.accumulate || p > 0);
      }
      p += depth;
    } while (p < block.k);
  }
}

}  // namespace

void multiply_tiles(const ProductBlock<float>& block) { multiply(block); }
void multiply_tiles(const ProductBlock<double>& block) { multiply(block); }

}  // namespace kindling::kernels::cpu::KINDLING_ISA
