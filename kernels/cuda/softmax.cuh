// SPDX-License-Identifier: MIT
#pragma once

#include <kindling/kernels/cuda/sums.cuh>
#include <kindling/kernels/math/softmax.h>

/// Parts of a softmax over a row on which a group of threads works.
namespace kindling::kernels::cuda {

/// Calls function(G()) for the group that suits rows of this size.
template <class F>
void with_group(std::int64_t row_size, const F& function) {
  if (row_size <= 1024)
    function(Warp());
  else
    function(Block());
}

/// The largest element; NaNs are passed over, and spoil the exponentials instead.
template <class T, class G>
__device__ T largest_of(const T* x, std::int64_t n) {
  T largest = -math::infinity<T>();
  for (std::int64_t i = G::rank(); i < n; i += G::kThreadsOfRow)
    largest = x[i] > largest ? x[i] : largest;
  return G::combined(largest, [](T a, T b) { return a > b ? a : b; });
}

template <class T, class G>
__device__ T sum_of_exponentials(const T* x, std::int64_t n, T shift) {
  return static_cast<T>(
      G::template sum_of<T>(0, n, [=](std::int64_t i) { return math::exponential(x[i], shift); }));
}

}  // namespace kindling::kernels::cuda
