// SPDX-License-Identifier: MIT
#include <kindling/kernels/cuda/launch.cuh>
#include <kindling/kernels/math/order.h>

#include <utility>

namespace kindling::kernels::cuda {
namespace {

/// Sorted runs of up to kWarp elements of each row: an element's place is the number of those that
/// stand before it.
template <class T>
__global__ void __launch_bounds__(kThreads)
    sort_runs(std::int64_t n, std::int64_t row_size, bool descending, const T* x,
              std::int64_t* order) {
  for (std::int64_t i = thread_index(); i < n; i += thread_count()) {
    const std::int64_t row = quotient(i, row_size) * row_size;
    const std::int64_t own = i - row;
    const std::int64_t first = own / kWarp * kWarp;
    const std::int64_t past = min(first + kWarp, row_size);
    const T value = x[i];
    std::int64_t place = first;
    for (std::int64_t k = first; k < past; ++k)
      place += math::stands_before(x[row + k], k, value, own, descending) ? 1 : 0;
    order[row + place] = own;
  }
}

/// Sorted runs of `width` merged into runs of twice that: an element moves on by the number of
/// those of the other run that stand before it.
template <class T>
__global__ void __launch_bounds__(kThreads)
    merge_runs(std::int64_t n, std::int64_t row_size, std::int64_t width, bool descending,
               const T* x, const std::int64_t* order, std::int64_t* merged) {
  for (std::int64_t i = thread_index(); i < n; i += thread_count()) {
    const std::int64_t row = quotient(i, row_size) * row_size;
    const std::int64_t place = i - row;
    const std::int64_t pair = quotient(place, 2 * width) * (2 * width);
    const std::int64_t middle = min(pair + width, row_size);
    const bool is_left = place < middle;
    const std::int64_t begin = is_left ? middle : pair;
    const std::int64_t own = order[i];
    const T value = x[row + own];
    std::int64_t low = begin;
    std::int64_t high = is_left ? min(pair + 2 * width, row_size) : middle;
    while (low < high) {
      const std::int64_t k = (low + high) / 2;
      const std::int64_t other = order[row + k];
      if (math::stands_before(x[row + other], other, value, own, descending))
        low = k + 1;
      else
        high = k;
    }
    merged[row + pair + (place - (is_left ? pair : middle)) + (low - begin)] = own;
  }
}

}  // namespace

void run(Context& context, const Sort& a) {
  const std::int64_t n = a.y.numel;
  if (n == 0) return;
  int merges = 0;
  for (std::int64_t width = kWarp; width < a.row_size; width *= 2) ++merges;
  auto* order = elements<std::int64_t>(a.y);
  auto* other = elements<std::int64_t>(a.buffer);
  if (merges % 2 == 1) std::swap(order, other);  // so that the last one ends in y
  with_any_type(a.x.dtype, [&](auto zero) {
    using T = decltype(zero);
    const T* x = elements<const T>(a.x);
    launch(context, "Sort", sort_runs<T>, blocks_for(n, kThreads), kThreads, n, a.row_size,
           a.descending, x, order);
    for (std::int64_t width = kWarp; width < a.row_size; width *= 2) {
      launch(context, "Sort", merge_runs<T>, blocks_for(n, kThreads), kThreads, n, a.row_size,
             width, a.descending, x, static_cast<const std::int64_t*>(order), other);
      std::swap(order, other);
    }
  });
}

}  // namespace kindling::kernels::cuda
