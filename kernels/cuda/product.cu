// SPDX-License-Identifier: MIT
#include <kindling/kernels/cuda/product.cuh>

/// Matrix products with every epilogue. `across`: tiles of c in a row of tiles. A block computes a
/// tile of c from tiles of a and b in shared memory; no tile of k is another block's, so that the
/// order of additions is k's.
namespace kindling::kernels::cuda {
namespace {

constexpr int kTile = 64;               // rows and columns of c
constexpr int kDepth = 16;              // of a step along k
constexpr int kSide = 4;                // rows and columns of a thread
constexpr int kAcross = kTile / kSide;  // threads
static_assert(kAcross * kAcross == kThreads);

/// A tile [kDepth, kTile] of op(a)^T or op(b); outside the matrix it is 0. The matrix is [depth,
/// wide] where `along` (neighbours lie along the tile's rows), else [wide, depth].
template <class T>
__device__ __forceinline__ void load_tile(T (*tile)[kTile + 1], const T* matrix, bool along,
                                          std::int64_t wide, std::int64_t depth, std::int64_t first,
                                          std::int64_t begin) {
#pragma unroll
  for (int i = static_cast<int>(threadIdx.x); i < kTile * kDepth; i += kThreads) {
    const int x = along ? i % kTile : i / kDepth;
    const int k = along ? i / kTile : i % kDepth;
    const bool inside = first + x < wide && begin + k < depth;
    const std::int64_t at =
        along ? (begin + k) * wide + first + x : (first + x) * depth + begin + k;
    tile[k][x] = inside ? matrix[at] : T(0);
  }
}

template <class T>
__global__ void __launch_bounds__(kThreads, 2) product(const Product p, unsigned across) {
  __shared__ T tile_a[kDepth][kTile + 1];
  __shared__ T tile_b[kDepth][kTile + 1];
  const std::int64_t first_row = quotient(blockIdx.x, across) * kTile;
  const std::int64_t first_column = blockIdx.x % across * kTile;
  const int my_row = static_cast<int>(threadIdx.x) / kAcross;
  const int my_column = static_cast<int>(threadIdx.x) % kAcross;
  const bool sums_rows = p.row_sums.data != nullptr && first_column == 0;
  for (std::int64_t matrix = blockIdx.z; matrix < p.batch; matrix += gridDim.z) {
    const T* a = static_cast<const T*>(p.a.data) + matrix * p.stride_a;
    const T* b = static_cast<const T*>(p.b.data) + matrix * p.stride_b;
    T* c = static_cast<T*>(p.c.data) + matrix * p.stride_c;
    T sums[kSide][kSide] = {};
    Total<T> of_row;
    for (std::int64_t k = 0; k < p.k; k += kDepth) {
      __syncthreads();  // the last tiles have been read
      load_tile(tile_a, a, p.transpose_a, p.m, p.k, first_row, k);
      load_tile(tile_b, b, !p.transpose_b, p.n, p.k, first_column, k);
      __syncthreads();
#pragma unroll
      for (int d = 0; d < kDepth; ++d) {
        T of_a[kSide];
        T of_b[kSide];
#pragma unroll
        for (int i = 0; i < kSide; ++i) {
          of_a[i] = tile_a[d][my_row + i * kAcross];
          of_b[i] = tile_b[d][my_column + i * kAcross];
        }
#pragma unroll
        for (int i = 0; i < kSide; ++i)
#pragma unroll
          for (int j = 0; j < kSide; ++j) sums[i][j] += of_a[i] * of_b[j];
      }
      if (!sums_rows || threadIdx.x >= kTile) continue;
#pragma unroll
      for (int d = 0; d < kDepth; d += kRun) {
        T run = tile_a[d][threadIdx.x];
#pragma unroll
        for (int i = 1; i < kRun; ++i) run += tile_a[d + i][threadIdx.x];
        of_row.add(static_cast<double>(run));
      }
    }
#pragma unroll
    for (int i = 0; i < kSide; ++i) {
      const std::int64_t row = first_row + my_row + i * kAcross;
#pragma unroll
      for (int j = 0; j < kSide; ++j) {
        const std::int64_t column = first_column + my_column + j * kAcross;
        if (row < p.m && column < p.n)
          put(c[row * p.n + column], finished(p, sums[i][j], row, column), p.accumulate);
      }
    }
    const std::int64_t row = first_row + threadIdx.x;
    if (sums_rows && threadIdx.x < kTile && row < p.m)
      put(static_cast<T*>(p.row_sums.data)[row], static_cast<T>(of_row.value()),
          p.accumulate_row_sums);
  }
}

}  // namespace

void run(Context& context, const Product& a) {
  if (a.m == 0 || a.batch == 0 || (a.n == 0 && a.row_sums.data == nullptr)) return;
  if (!context.lt().run(context, a)) run_own(context, a);
}

void run_own(const Context& context, const Product& a) {
  if (run_thin(context, a)) return;
  const auto tiles = [](std::int64_t size) {
    return std::max<std::int64_t>((size + kTile - 1) / kTile, 1);
  };
  const std::int64_t across = tiles(a.n);
  const dim3 grid(static_cast<unsigned>(tiles(a.m) * across), 1,
                  static_cast<unsigned>(std::min<std::int64_t>(a.batch, 65535)));
  with_type(a.c.dtype, [&](auto zero) {
    launch(context, "Product", product<decltype(zero)>, grid, kThreads, a,
           static_cast<unsigned>(across));
  });
}

}  // namespace kindling::kernels::cuda
