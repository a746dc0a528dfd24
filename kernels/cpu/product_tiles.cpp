// SPDX-License-Identifier: MIT
#include <kindling/kernels/cpu/memory.h>
#include <kindling/kernels/cpu/product_tiles.h>
#include <kindling/kernels/cpu/vector.h>

#include <cstddef>
#include <cstdint>
#include <cstring>

/// The product of two matrices after Goto and van de Geijn ("Anatomy of High-Performance Matrix
/// Multiplication", 2008), for operands in row order: the sums of a tile of c stay in registers
/// while a few rows of a, which stay in the L1 cache, meet one panel of b after the other, which
/// stay in L2.
///
/// An element of c is a sum over p in ascending order, in runs of kDepth that are then added up:
/// neither its place nor the place of the operands in memory has a part in it.
namespace kindling::kernels::cpu::KINDLING_ISA {
namespace {

// A tile of c: its sums fill 24 of AVX-512's 32 registers or 12 of 16.
constexpr int kTileRows = 6;
constexpr int kTileVectors = kVectorBytes == 64 ? 4 : 2;
template <class T>
constexpr std::int64_t kTileColumns = kTileVectors* kLanes<T>;

// What is copied of the operands at a time, so that it is read one element after another.
template <class T>
constexpr std::int64_t kDepth = 2048 / std::int64_t{sizeof(T)};
constexpr std::int64_t kRowsTogether = 16 * kTileRows;

/// Elements from one copied panel to the next, and from one tile's copied rows to the next's: not a
/// power of two apart, or they would compete for the same lines of the cache.
template <class T>
constexpr std::int64_t panel_step(std::int64_t depth) {
  return (depth + 1) * kTileColumns<T>;
}
template <class T>
constexpr std::int64_t tile_step(std::int64_t depth) {
  return depth * kTileRows + kLanes<T>;
}

template <class T>
constexpr std::int64_t kPackedRight = 524288 / std::int64_t{sizeof(T)};
constexpr std::int64_t kRightInPlace = 524288;  // bytes of b that are as good in place as copied
constexpr std::int64_t kLeftInPlace = 98304;    // and of a
constexpr std::int64_t kFewRows = 32;           // for which it is not worth while to copy b
constexpr std::int64_t kRowsAhead = 8;          // that are on their way to a nearer cache
constexpr std::int64_t kVectorsAhead = 6;       // of a row, likewise
constexpr std::int64_t kDeep = 64;              // rows of b, while whose products c may arrive

/// Memory for so many copied elements of a and b: on the stack for few, and otherwise some that the
/// thread keeps.
template <class T>
class PackingMemory {
 public:
  PackingMemory(std::int64_t left, std::int64_t right)
      : bytes_(static_cast<std::size_t>(left + right) * sizeof(T)),
        right_(bytes_ <= sizeof near_ ? near_ : static_cast<T*>(allocate(bytes_))),
        left_(right_ + right) {}
  ~PackingMemory() {
    if (right_ != near_) deallocate(right_, bytes_);
  }
  PackingMemory(const PackingMemory&) = delete;
  PackingMemory& operator=(const PackingMemory&) = delete;
  T* left() const { return left_; }
  T* right() const { return right_; }

 private:
  std::size_t bytes_;
  T* right_;
  T* left_;
  alignas(64) T near_[16384 / sizeof(T)];
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
      right_in_place || block.k == 0 ? block.n : kPackedRight<T> / most_depth / width * width;
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
