// SPDX-License-Identifier: MIT
#include <kindling/kernels/cpu/product_tiles.h>
#include <kindling/kernels/cpu/vector.h>

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace kindling::kernels::cpu::KINDLING_ISA {
namespace {

// A tile of c: its sums stay in registers, 24 of AVX-512's 32 or 12 of 16, while a and b go by.
constexpr int kTileRows = 6;
constexpr int kTileVectors = kVectorBytes == 64 ? 4 : 2;
constexpr std::int64_t kPackedBytes = 65536;  // of b at a time, on the stack

/// Element (i, p) of op(a) is data[i * row + p * column].
template <class T>
struct Left {
  const T* data;
  std::int64_t row;
  std::int64_t column;
};

/// A part of op(b), as wide as a tile: `depth` rows in place, which stand `step` elements apart,
/// and after them `packed_depth` rows that were copied because they are transposed, or end where
/// the memory may end. Of their elements, `columns` belong to the product; the rest of a row may be
/// anything.
template <class T>
struct Panel {
  const T* data;
  std::int64_t step;
  std::int64_t depth;
  const T* packed;
  std::int64_t packed_depth;
  std::int64_t columns;
};

/// c [rows, panel.columns] (+)= a panel
template <class T, int rows, int vectors>
void multiply_tile(Left<T> a, const Panel<T>& b, T* c, std::int64_t ldc, bool accumulate) {
  constexpr int lanes = kLanes<T>;
  constexpr int width = vectors * lanes;
  Vector<T> sum[std::size_t{rows}][std::size_t{vectors}] = {};
  const auto add = [&](const T* left, const T* right) __attribute__((always_inline)) {
    Vector<T> row[std::size_t{vectors}];
    for (int j = 0; j < vectors; ++j) row[j] = load(right + j * lanes);
    for (int i = 0; i < rows; ++i)
      for (int j = 0; j < vectors; ++j) sum[i][j] += left[i * a.row] * row[j];
  };
  for (std::int64_t p = 0; p < b.depth; ++p) add(a.data + p * a.column, b.data + p * b.step);
  for (std::int64_t p = 0; p < b.packed_depth; ++p)
    add(a.data + (b.depth + p) * a.column, b.packed + p * width);

  T buffer[std::size_t{width}];
  const bool whole = b.columns == width;
  const auto bytes = static_cast<std::size_t>(b.columns) * sizeof(T);
  for (int i = 0; i < rows; ++i) {
    T* row = c + i * ldc;
    T* target = whole ? row : buffer;
    if (accumulate) {
      if (!whole) std::memcpy(buffer, row, bytes);
      for (int j = 0; j < vectors; ++j) sum[i][j] += load(target + j * lanes);
    }
    for (int j = 0; j < vectors; ++j) store(target + j * lanes, sum[i][j]);
    if (!whole) std::memcpy(row, buffer, bytes);
  }
}

/// c [m, panel.columns] (+)= a panel, tile under tile
template <class T, int vectors>
void multiply_panel(Left<T> a, std::int64_t m, const Panel<T>& b, T* c, std::int64_t ldc,
                    bool accumulate) {
  static_assert(kTileRows == 6);
  const auto tile = [&]<int rows>() {
    multiply_tile<T, rows, vectors>(a, b, c, ldc, accumulate);
    a.data += rows * a.row;
    c += rows * ldc;
    m -= rows;
  };
  while (m >= 6) tile.template operator()<6>();
  if (m >= 4) tile.template operator()<4>();
  if (m >= 2) tile.template operator()<2>();
  if (m >= 1) tile.template operator()<1>();
}

/// packed [depth, width] = rows [p, p + depth), columns [j, j + columns) of the transpose of
/// block.b
template <class T>
void pack_transposed(const ProductBlock<T>& block, std::int64_t p, std::int64_t depth,
                     std::int64_t j, std::int64_t columns, std::int64_t width, T* packed) {
  constexpr int lanes = kLanes<T>;
  for (std::int64_t x = 0; x < width; x += lanes) {
    const T* source = block.b + (j + x) * block.ldb + p;
    T* target = packed + x;
    const std::int64_t filled = columns - x < lanes ? columns - x : lanes;
    std::int64_t q = 0;
    for (; depth - q >= lanes; q += lanes) {
      Vector<T> rows[std::size_t{lanes}];
      for (int i = 0; i < lanes; ++i)
        rows[i] = i < filled ? load(source + i * block.ldb + q) : Vector<T>{};
      transpose<T>(rows);
      for (int i = 0; i < lanes; ++i) store(target + (q + i) * width, rows[i]);
    }
    for (; q < depth; ++q) {
      store(target + q * width, Vector<T>{});
      for (std::int64_t i = 0; i < filled; ++i) target[q * width + i] = source[i * block.ldb + q];
    }
  }
}

/// The part of op(b) with rows [p, p + depth), columns [j, j + columns), columns <= width.
template <class T>
Panel<T> make_panel(const ProductBlock<T>& block, std::int64_t p, std::int64_t depth,
                    std::int64_t j, std::int64_t columns, std::int64_t width, T* packed) {
  if (block.transpose_b) {
    pack_transposed(block, p, depth, j, columns, width, packed);
    return {nullptr, 0, 0, packed, depth, columns};
  }
  // A row in place is read to its full width. What follows it is the next row's: of the last ones,
  // nobody's.
  std::int64_t copied = 0;
  for (; copied < depth; ++copied) {
    const std::int64_t row = p + depth - 1 - copied;
    if (row * block.ldb + j + width <= (block.k - 1) * block.ldb + block.n) break;
  }
  const T* data = block.b + p * block.ldb + j;
  for (std::int64_t q = 0; q < copied; ++q) {
    for (int x = 0; x < width; x += kLanes<T>) store(packed + q * width + x, Vector<T>{});
    std::memcpy(packed + q * width, data + (depth - copied + q) * block.ldb,
                static_cast<std::size_t>(columns) * sizeof(T));
  }
  return {data, block.ldb, depth - copied, packed, copied, columns};
}

template <class T>
void multiply(const ProductBlock<T>& block) {
  constexpr std::int64_t lanes = kLanes<T>;
  constexpr std::int64_t elements = kPackedBytes / std::int64_t{sizeof(T)};
  constexpr std::int64_t max_depth = elements / (kTileVectors * lanes);
  alignas(64) T packed[std::size_t{elements}];
  for (std::int64_t j = 0; j < block.n;) {
    const std::int64_t left = block.n - j;
    const std::int64_t vectors = left > 2 * lanes ? kTileVectors : left > lanes ? 2 : 1;
    const std::int64_t width = vectors * lanes;
    const std::int64_t columns = left < width ? left : width;
    std::int64_t p = 0;
    do {
      const std::int64_t depth = block.k - p < max_depth ? block.k - p : max_depth;
      const Panel<T> b = make_panel(block, p, depth, j, columns, width, packed);
      const Left<T> a = block.transpose_a ? Left<T>{block.a + p * block.lda, 1, block.lda}
                                          : Left<T>{block.a + p, block.lda, 1};
      const auto multiply_by = vectors == kTileVectors ? multiply_panel<T, kTileVectors>
                               : vectors == 2          ? multiply_panel<T, 2>
                                                       : multiply_panel<T, 1>;
      multiply_by(a, block.m, b, block.c + j, block.ldc, block.accumulate || p > 0);
      p += depth;
    } while (p < block.k);
    j += columns;
  }
}

}  // namespace

void multiply_tiles(const ProductBlock<float>& block) { multiply(block); }
void multiply_tiles(const ProductBlock<double>& block) { multiply(block); }

}  // namespace kindling::kernels::cpu::KINDLING_ISA
