// SPDX-License-Identifier: MIT
#pragma once

#include <kindling/kernels/cpu/memory.h>
#include <kindling/kernels/cpu/product_block.h>
#include <kindling/kernels/cpu/vector.h>

#include <cstddef>
#include <cstdint>
#include <cstring>

/// The operands of a product as its tiles read them: in place, or copied so that they follow one
/// another in the order in which they are read. For product_tiles.cpp.
namespace kindling::kernels::cpu::KINDLING_ISA {
namespace {

// A tile of c: its sums fill 24 of AVX-512's 32 registers or 12 of 16.
inline constexpr int kTileRows = 6;
inline constexpr int kTileVectors = kVectorBytes == 64 ? 4 : 2;
template <class T>
inline constexpr std::int64_t kTileColumns = std::int64_t{kTileVectors} * kLanes<T>;

// What is copied of the operands at a time, so that it is read one element after another.
template <class T>
inline constexpr std::int64_t kDepth = 2048 / std::int64_t{sizeof(T)};
inline constexpr std::int64_t kRowsTogether = 16 * std::int64_t{kTileRows};

/// Elements from one copied panel to the next, and from one tile's copied rows to the next's: not a
/// power of two apart, or they would compete for the same lines of the cache.
template <class T>
inline constexpr std::int64_t panel_step(std::int64_t depth) {
  return (depth + 1) * kTileColumns<T>;
}
template <class T>
inline constexpr std::int64_t tile_step(std::int64_t depth) {
  return depth * kTileRows + kLanes<T>;
}

template <class T>
inline constexpr std::int64_t kPackedRight =
    std::int64_t{528} * 1024 / std::int64_t{sizeof(T)};  // about half of L2
template <class T>
inline constexpr std::int64_t kPackedLeft = kRowsTogether / kTileRows* tile_step<T>(kDepth<T>);
inline constexpr std::int64_t kRowsAhead = 8;     // that are on their way to a nearer cache
inline constexpr std::int64_t kVectorsAhead = 6;  // of a row, likewise

/// Memory for so many copied elements of a and b: on the stack for few, and otherwise one piece
/// that the thread keeps for all its products.
template <class T>
class PackingMemory {
 public:
  PackingMemory(std::int64_t left, std::int64_t right)
      : right_(left + right <= kNear ? near_ : static_cast<T*>(allocate(kBytes))),
        left_(right_ + right) {}
  ~PackingMemory() {
    if (right_ != near_) deallocate(right_, kBytes);
  }
  PackingMemory(const PackingMemory&) = delete;
  PackingMemory& operator=(const PackingMemory&) = delete;
  T* left() const { return left_; }
  T* right() const { return right_; }

 private:
  static constexpr std::int64_t kNear = 16384 / std::int64_t{sizeof(T)};
  static constexpr std::size_t kBytes =
      static_cast<std::size_t>(kPackedLeft<T> + kPackedRight<T>) * sizeof(T);

  T* right_;
  T* left_;
  alignas(64) T near_[std::size_t{kNear}];
};

/// Rows of op(a): element (i, p) of a tile is data[i * row + p * column], and the next tile begins
/// `tile` elements on.
template <class T>
struct Left {
  const T* data;
  std::int64_t row;
  std::int64_t column;
  std::int64_t tile;
};

/// `depth` rows of op(b), as wide as a tile, which stand `step` elements apart. Of a row, `columns`
/// elements belong to the product; the rest may be anything.
template <class T>
struct Panel {
  const T* data;
  std::int64_t step;
  std::int64_t depth;
  std::int64_t columns;
};

template <class T>
std::int64_t whole_vectors(std::int64_t columns) {
  return (columns + kLanes<T> - 1) / kLanes<T> * kLanes<T>;
}

/// A strip of op(b): panels of a tile's width, `panel_step` elements apart, and what is left of the
/// columns in a narrower one.
template <class T>
struct Strip {
  Panel<T> first;
  std::int64_t panels;
  std::int64_t panel_step;
  Panel<T> last;  // no columns: there is none
};

/// packed [depth, width] = rows [p, p + depth), columns [j, j + columns) of the transpose of b
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
      for (int i = 0; i < lanes; ++i) {
        __builtin_prefetch(source + i * block.ldb + q + kVectorsAhead * lanes, 0, 2);
        rows[i] = i < filled ? load(source + i * block.ldb + q) : Vector<T>{};
      }
      transpose<T>(rows);
      for (int i = 0; i < lanes; ++i) store(target + (q + i) * width, rows[i]);
    }
    for (; q < depth; ++q) {
      store(target + q * width, Vector<T>{});
      for (std::int64_t i = 0; i < filled; ++i) target[q * width + i] = source[i * block.ldb + q];
    }
  }
}

/// packed = rows [p, p + depth), columns [j, j + columns) of b: panels of a tile's width, one after
/// the other, and the last as wide as the vectors that it needs
template <class T>
void pack_rows(const ProductBlock<T>& block, std::int64_t p, std::int64_t depth, std::int64_t j,
               std::int64_t columns, T* packed) {
  constexpr std::int64_t lanes = kLanes<T>, width = kTileColumns<T>;
  const std::int64_t left = columns % width;
  const std::int64_t last_width = whole_vectors<T>(left);
  const T* row = block.b + p * block.ldb + j;
  for (std::int64_t q = 0; q < depth; ++q, row += block.ldb) {
    T* target = packed + q * width;
    std::int64_t x = 0;
    for (; columns - x >= width; x += width, target += panel_step<T>(depth))
      for (std::int64_t v = 0; v < width; v += lanes) {
        __builtin_prefetch(row + kRowsAhead * block.ldb + x + v, 0, 2);
        store(target + v, load(row + x + v));
      }
    target += q * (last_width - width);
    for (; columns - x >= lanes; x += lanes, target += lanes) store(target, load(row + x));
    if (x < columns) store(target, load_part(row + x, columns - x));
  }
}

/// Rows [p, p + depth), columns [j, j + columns) of op(b).
template <class T>
Strip<T> make_strip(const ProductBlock<T>& block, bool in_place, std::int64_t p, std::int64_t depth,
                    std::int64_t j, std::int64_t columns, T* packed) {
  constexpr std::int64_t width = kTileColumns<T>;
  const std::int64_t whole = columns / width;
  const std::int64_t left = columns % width;
  Strip<T> strip{{packed, width, depth, width},
                 whole,
                 panel_step<T>(depth),
                 {packed + whole * panel_step<T>(depth), whole_vectors<T>(left), depth, left}};
  if (block.transpose_b) {
    for (std::int64_t x = 0; x < columns; x += width)
      pack_transposed(block, p, depth, j + x, columns - x < width ? left : width,
                      columns - x < width ? strip.last.step : width,
                      packed + x / width * panel_step<T>(depth));
  } else if (!in_place) {
    pack_rows(block, p, depth, j, columns, packed);
  } else {
    strip.first = {block.b + p * block.ldb + j, block.ldb, depth, width};
    strip.panel_step = width;
    strip.last.data = packed;
    pack_rows(block, p, depth, j + columns - left, left, packed);
  }
  return strip;
}

/// packed = rows [i, i + rows), columns [p, p + depth) of the transpose of a, one tile's rows after
/// the other's, each in the order of the columns
template <class T>
void pack_left(const ProductBlock<T>& block, std::int64_t i, std::int64_t rows, std::int64_t p,
               std::int64_t depth, T* packed) {
  const T* source = block.a + p * block.lda + i;
  for (std::int64_t q = 0; q < depth; ++q, source += block.lda) {
    T* target = packed + q * kTileRows;
    std::int64_t x = 0;
    for (; rows - x >= kTileRows; x += kTileRows, target += tile_step<T>(depth)) {
      __builtin_prefetch(source + kRowsAhead * block.lda + x, 0, 2);
      std::memcpy(target, source + x, kTileRows * sizeof(T));
    }
    for (; x < rows; ++x) *target++ = source[x];
  }
}

}  // namespace
}  // namespace kindling::kernels::cpu::KINDLING_ISA
