// SPDX-License-Identifier: MIT
#include <kindling/kernels/cuda/product.cuh>

/// Products one of whose sides is short: layers of one output, their gradients, vectors. The order
/// of additions depends on the shape alone.
namespace kindling::kernels::cuda {
namespace {

constexpr std::int64_t kThin = 4;

/// Both operands lie along k: a group of threads for each element of c, its threads along k.
template <class T, class G>
__global__ void __launch_bounds__(kThreads, kBlocks<T>) product_of_rows(const Product p) {
  const T* a = static_cast<const T*>(p.a.data);
  const T* b = static_cast<const T*>(p.b.data);
  T* c = static_cast<T*>(p.c.data);
  for (std::int64_t i = G::index(); i < p.m * p.n; i += G::count()) {
    const std::int64_t row = quotient(i, p.n);
    const std::int64_t column = i - row * p.n;
    const T* of_a = a + row * p.k;
    const T* of_b = b + column * p.k;
    T sum = 0;
    for (std::int64_t k = G::rank(); k < p.k; k += G::kThreadsOfRow) sum += of_a[k] * of_b[k];
    sum = G::combined(sum, [](T x, T y) { return x + y; });
    if (G::rank() == 0) put(c[i], finished(p, sum, row, column), p.accumulate);
    if (p.row_sums.data == nullptr || column != 0) continue;
    const double total = G::template sum_of<T>(0, p.k, [of_a](std::int64_t k) { return of_a[k]; });
    if (G::rank() == 0)
      put(static_cast<T*>(p.row_sums.data)[row], static_cast<T>(total), p.accumulate_row_sums);
  }
}

/// One operand, `x` [k, length], lies along its long side: a lane for each of 32 elements of that
/// side; the warps of the block share k. `other` is read at [k * other_step].
template <class T>
__device__ T product_of_columns(const T* x, std::int64_t length, std::int64_t first,
                                std::int64_t depth, const T* other, std::int64_t other_step) {
  __shared__ T of_warps[kWarps][kWarp];
  const int lane = static_cast<int>(threadIdx.x) % kWarp;
  const int warp = static_cast<int>(threadIdx.x) / kWarp;
  T sum = 0;
  if (first + lane < length) {
    for (std::int64_t k = warp; k < depth; k += kWarps)
      sum += x[k * length + first + lane] * other[k * other_step];
  }
  __syncthreads();  // the last ones have been read
  of_warps[warp][lane] = sum;
  __syncthreads();
  sum = of_warps[0][lane];
#pragma unroll
  for (int w = 1; w < kWarps; ++w) sum += of_warps[w][lane];
  return sum;
}

/// a is one or a few columns, b [k, n].
template <class T>
__global__ void __launch_bounds__(kThreads) product_of_few_rows(const Product p) {
  const std::int64_t row = blockIdx.y;
  const std::int64_t first = static_cast<std::int64_t>(blockIdx.x) * kWarp;
  const std::int64_t step = p.transpose_a ? p.m : 1;
  const T* a = static_cast<const T*>(p.a.data) + (p.transpose_a ? row : row * p.k);
  const T sum = product_of_columns(static_cast<const T*>(p.b.data), p.n, first, p.k, a, step);
  const std::int64_t column = first + threadIdx.x;
  if (threadIdx.x < kWarp && column < p.n)
    put(static_cast<T*>(p.c.data)[row * p.n + column], finished(p, sum, row, column), p.accumulate);
  if (p.row_sums.data == nullptr || blockIdx.x != 0) return;
  const double total = Block::sum_of<T>(0, p.k, [a, step](std::int64_t k) { return a[k * step]; });
  if (threadIdx.x == 0)
    put(static_cast<T*>(p.row_sums.data)[row], static_cast<T>(total), p.accumulate_row_sums);
}

/// a [k, m] transposed, b one or a few columns.
template <class T>
__global__ void __launch_bounds__(kThreads) product_of_few_columns(const Product p) {
  const std::int64_t column = blockIdx.y;
  const std::int64_t first = static_cast<std::int64_t>(blockIdx.x) * kWarp;
  const T* a = static_cast<const T*>(p.a.data);
  const T* b = static_cast<const T*>(p.b.data) + (p.transpose_b ? column * p.k : column);
  const T sum = product_of_columns(a, p.m, first, p.k, b, p.transpose_b ? 1 : p.n);
  const std::int64_t row = first + threadIdx.x;
  if (threadIdx.x < kWarp && row < p.m)
    put(static_cast<T*>(p.c.data)[row * p.n + column], finished(p, sum, row, column), p.accumulate);
}

}  // namespace

bool run_thin(const Context& context, const Product& p) {
  if (p.batch != 1 || p.m == 0 || p.n == 0 || std::min(p.m, p.n) > kThin) return false;
  const bool a_along_k = !p.transpose_a || p.m == 1;
  const bool b_along_k = p.transpose_b || p.n == 1;
  const auto strips = [](std::int64_t length) {
    return static_cast<unsigned>((length + kWarp - 1) / kWarp);
  };
  bool queued = true;
  with_type(p.c.dtype, [&](auto zero) {
    using T = decltype(zero);
    if (a_along_k && b_along_k && p.k >= kThreads && p.m * p.n <= 1024) {
      launch(context, "Product", product_of_rows<T, Block>, blocks_for(p.m * p.n, 1), kThreads, p);
    } else if (a_along_k && b_along_k) {
      launch(context, "Product", product_of_rows<T, Warp>, blocks_for(p.m * p.n, kWarps), kThreads,
             p);
    } else if (p.m <= kThin && !p.transpose_b) {
      launch(context, "Product", product_of_few_rows<T>,
             dim3(strips(p.n), static_cast<unsigned>(p.m)), kThreads, p);
    } else if (p.n <= kThin && p.transpose_a && p.row_sums.data == nullptr) {
      launch(context, "Product", product_of_few_columns<T>,
             dim3(strips(p.m), static_cast<unsigned>(p.n)), kThreads, p);
    } else {
      queued = false;
    }
  });
  return queued;
}

}  // namespace kindling::kernels::cuda
