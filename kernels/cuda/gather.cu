// SPDX-License-Identifier: MIT
#include <kindling/kernels/cuda/launch.cuh>
#include <kindling/kernels/math/functions.h>
#include <kindling/kernels/math/permutation.h>

namespace kindling::kernels::cuda {
namespace {

/// A row number, or -1 if there is no such row.
template <class Index>
__device__ std::int64_t row_number(Index number, std::int64_t count) {
  return number >= Index(0) && number < static_cast<Index>(count)
             ? static_cast<std::int64_t>(number)
             : -1;
}

template <class T, class Index>
__global__ void __launch_bounds__(kThreads)
    gather(std::int64_t n, std::int64_t size, std::int64_t count, const T* x, const Index* rows,
           T* y) {
  for (std::int64_t i = thread_index(); i < n; i += thread_count()) {
    const std::int64_t row = quotient(i, size);
    const std::int64_t from = row_number(rows[row], count);
    y[i] = from < 0 ? math::not_a_number<T>() : x[from * size + (i - row * size)];
  }
}

/// Rows may repeat, and their order counts. So a warp owns some rows of x and 32 columns, and looks
/// through all row numbers for its own.
template <class T, class Index>
__global__ void __launch_bounds__(kThreads, kBlocks<T>)
    gather_backward(std::int64_t gathered, std::int64_t size, std::int64_t count,
                    std::int64_t rows_of_warp, bool accumulate, const Index* rows, const T* grad_y,
                    T* grad_x) {
  const int lane = static_cast<int>(threadIdx.x) % kWarp;
  const std::int64_t strips = (size + kWarp - 1) / kWarp;
  const std::int64_t units = strips * ((count + rows_of_warp - 1) / rows_of_warp);
  const std::int64_t warps = thread_count() / kWarp;
  for (std::int64_t unit = thread_index() / kWarp; unit < units; unit += warps) {
    const std::int64_t first = quotient(unit, strips) * rows_of_warp;
    const std::int64_t past = min(first + rows_of_warp, count);
    const std::int64_t column = unit % strips * kWarp + lane;
    if (!accumulate && column < size)
      for (std::int64_t row = first; row < past; ++row) grad_x[row * size + column] = T(0);
    for (std::int64_t begin = 0; begin < gathered; begin += kWarp) {
      const std::int64_t mine =
          begin + lane < gathered ? row_number(rows[begin + lane], count) : -1;
      unsigned hits = __ballot_sync(0xffffffffu, mine >= first && mine < past);
      while (hits != 0) {
        const int hit = __ffs(static_cast<int>(hits)) - 1;
        hits &= hits - 1;
        const std::int64_t to = __shfl_sync(0xffffffffu, mine, hit);
        if (column < size) grad_x[to * size + column] += grad_y[(begin + hit) * size + column];
      }
    }
  }
}

template <class T>
__global__ void __launch_bounds__(kThreads) load_batch(LoadBatch a, std::uint32_t* ticket) {
  const LoaderState state = *a.state;
  const std::int64_t number = a.number < 0 ? state.dealt : a.number;
  const std::int64_t first = number % state.per_epoch * state.batch_size;
  const math::Permutation permutation(static_cast<std::uint64_t>(state.samples), state.seed,
                                      static_cast<std::uint64_t>(number / state.per_epoch));
  const T* source = static_cast<const T*>(a.source.data);
  T* batch = static_cast<T*>(a.batch.data);
  const std::int64_t n = a.rows * a.row_size;
  for (std::int64_t i = thread_index(); i < n; i += thread_count()) {
    const std::int64_t row = quotient(i, a.row_size);
    // A batch that reaches past the last sample goes on with the first ones.
    const auto position = static_cast<std::uint64_t>((first + row) % state.samples);
    const std::uint64_t sample = state.shuffle ? permutation(position) : position;
    batch[i] = source[static_cast<std::int64_t>(sample) * a.row_size + (i - row * a.row_size)];
  }
  if (a.advance && last_to_arrive(ticket, gridDim.x) && threadIdx.x == 0) ++a.state->dealt;
}

}  // namespace

void run(Context& context, const Gather& a) {
  if (a.y.numel == 0) return;
  with_type(a.y.dtype, [&](auto zero) {
    with_type(a.rows.dtype, [&](auto index) {
      using T = decltype(zero);
      using Index = decltype(index);
      launch(context, "Gather", gather<T, Index>, blocks_for(a.y.numel, kThreads), kThreads,
             a.y.numel, a.row_size, a.x.numel / a.row_size, elements<const T>(a.x),
             elements<const Index>(a.rows), elements<T>(a.y));
    });
  });
}

void run(Context& context, const GatherBackward& a) {
  if (a.grad_x.numel == 0) return;
  constexpr std::int64_t kUnits = 4096;
  const std::int64_t strips = (a.row_size + kWarp - 1) / kWarp;
  const std::int64_t count = a.grad_x.numel / a.row_size;
  const std::int64_t rows_of_warp = std::max<std::int64_t>(1, count * strips / kUnits);
  const std::int64_t units = strips * ((count + rows_of_warp - 1) / rows_of_warp);
  with_type(a.grad_x.dtype, [&](auto zero) {
    with_type(a.rows.dtype, [&](auto index) {
      using T = decltype(zero);
      using Index = decltype(index);
      launch(context, "GatherBackward", gather_backward<T, Index>,
             blocks_for(units, kThreads / kWarp), kThreads, a.rows.numel, a.row_size, count,
             rows_of_warp, a.accumulate, elements<const Index>(a.rows), elements<const T>(a.grad_y),
             elements<T>(a.grad_x));
    });
  });
}

void run(Context& context, const LoadBatch& a) {
  const std::int64_t n = a.rows * a.row_size;
  if (n == 0 && !a.advance) return;
  with_type(a.batch.dtype, [&](auto zero) {
    launch(context, "LoadBatch", load_batch<decltype(zero)>, blocks_for(n, kThreads), kThreads, a,
           context.tickets());
  });
}

}  // namespace kindling::kernels::cuda
