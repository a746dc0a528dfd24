// SPDX-License-Identifier: MIT
#include <kindling/kernels/cuda/launch.cuh>
#include <kindling/kernels/indices.h>
#include <kindling/kernels/math/functions.h>
#include <kindling/kernels/math/permutation.h>

namespace kindling::kernels::cuda {
namespace {

template <class T>
__global__ void __launch_bounds__(kThreads)
    gather(Gather g, std::int64_t n, std::int64_t chosen, const T* x, T* y) {
  for (std::int64_t i = thread_index(); i < n; i += thread_count()) {
    const std::int64_t row = quotient(i, g.inner);  // o * chosen + k
    const std::int64_t outer = g.outer == 1 ? 0 : quotient(row, chosen);
    const std::int64_t from =
        index_at(g.index.data, g.index.dtype, g.each ? i : row - outer * chosen, g.count);
    y[i] = from < 0 ? math::not_a_number<T>()
                    : x[(outer * g.count + from) * g.inner + (i - row * g.inner)];
  }
}

/// An index may repeat, and the order counts. So a warp owns some rows of x, those of one o, and 32
/// columns, and looks through all indices for its own.
template <class T>
__global__ void __launch_bounds__(kThreads, kBlocks<T>)
    gather_backward(GatherBackward g, std::int64_t chosen, std::int64_t rows_of_warp,
                    const T* grad_y, T* grad_x) {
  const int lane = static_cast<int>(threadIdx.x) % kWarp;
  const std::int64_t strips = (g.inner + kWarp - 1) / kWarp;
  const std::int64_t ranges = (g.count + rows_of_warp - 1) / rows_of_warp;
  const std::int64_t units = strips * ranges * g.outer;
  const std::int64_t warps = thread_count() / kWarp;
  for (std::int64_t unit = thread_index() / kWarp; unit < units; unit += warps) {
    const std::int64_t range = quotient(unit, strips);  // o * ranges + its number
    const std::int64_t outer = g.outer == 1 ? 0 : quotient(range, ranges);
    const std::int64_t first = (range - outer * ranges) * rows_of_warp;
    const std::int64_t past = min(first + rows_of_warp, g.count);
    const std::int64_t column = (unit - range * strips) * kWarp + lane;
    T* to = grad_x + outer * g.count * g.inner + column;
    const T* from = grad_y + outer * chosen * g.inner + column;
    if (!g.accumulate && column < g.inner)
      for (std::int64_t row = first; row < past; ++row) to[row * g.inner] = T(0);
    for (std::int64_t begin = 0; begin < chosen; begin += kWarp) {
      const std::int64_t mine =
          begin + lane < chosen ? index_at(g.index.data, g.index.dtype, begin + lane, g.count) : -1;
      unsigned hits = __ballot_sync(0xffffffffu, mine >= first && mine < past);
      while (hits != 0) {
        const int hit = __ffs(static_cast<int>(hits)) - 1;
        hits &= hits - 1;
        const std::int64_t row = __shfl_sync(0xffffffffu, mine, hit);
        if (column < g.inner) to[row * g.inner] += from[(begin + hit) * g.inner];
      }
    }
  }
}

/// The same where each column has indices of its own: a thread for a column.
template <class T>
__global__ void __launch_bounds__(kThreads)
    gather_each_backward(GatherBackward g, std::int64_t chosen, const T* grad_y, T* grad_x) {
  for (std::int64_t i = thread_index(); i < g.outer * g.inner; i += thread_count()) {
    const std::int64_t outer = quotient(i, g.inner);
    const std::int64_t column = i - outer * g.inner;
    T* to = grad_x + outer * g.count * g.inner + column;
    if (!g.accumulate)
      for (std::int64_t row = 0; row < g.count; ++row) to[row * g.inner] = T(0);
    std::int64_t at = outer * chosen * g.inner + column;
    for (std::int64_t k = 0; k < chosen; ++k, at += g.inner) {
      const std::int64_t row = index_at(g.index.data, g.index.dtype, at, g.count);
      if (row >= 0) to[row * g.inner] += grad_y[at];
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
  with_type(moved_as(a.y.dtype), [&](auto zero) {
    using T = decltype(zero);
    launch(context, "Gather", gather<T>, blocks_for(a.y.numel, kThreads), kThreads, a, a.y.numel,
           a.y.numel / (a.outer * a.inner), elements<const T>(a.x), elements<T>(a.y));
  });
}

void run(Context& context, const GatherBackward& a) {
  if (a.grad_x.numel == 0) return;
  const std::int64_t chosen = a.grad_y.numel / (a.outer * a.inner);
  with_type(a.grad_x.dtype, [&](auto zero) {
    using T = decltype(zero);
    if (a.each) {
      launch(context, "GatherBackward", gather_each_backward<T>,
             blocks_for(a.outer * a.inner, kThreads), kThreads, a, chosen,
             elements<const T>(a.grad_y), elements<T>(a.grad_x));
      return;
    }
    constexpr std::int64_t kUnits = 4096;
    const std::int64_t strips = (a.inner + kWarp - 1) / kWarp * a.outer;
    const std::int64_t rows_of_warp = std::max<std::int64_t>(1, a.count * strips / kUnits);
    const std::int64_t units = strips * ((a.count + rows_of_warp - 1) / rows_of_warp);
    launch(context, "GatherBackward", gather_backward<T>, blocks_for(units, kThreads / kWarp),
           kThreads, a, chosen, rows_of_warp, elements<const T>(a.grad_y), elements<T>(a.grad_x));
  });
}

void run(Context& context, const LoadBatch& a) {
  const std::int64_t n = a.rows * a.row_size;
  if (n == 0 && !a.advance) return;
  with_type(moved_as(a.batch.dtype), [&](auto zero) {
    launch(context, "LoadBatch", load_batch<decltype(zero)>, blocks_for(n, kThreads), kThreads, a,
           context.tickets());
  });
}

}  // namespace kindling::kernels::cuda
