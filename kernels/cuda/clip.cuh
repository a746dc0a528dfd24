// SPDX-License-Identifier: MIT
#pragma once

#include <kindling/kernels/cuda/launch.cuh>
#include <kindling/kernels/math/optimizers.h>

namespace kindling::kernels::cuda {

/// The scale for gradients whose squares add up to *total, worked out by one thread for its block,
/// all of whose threads call it; 1 without a total.
template <class T>
__device__ __forceinline__ const math::ClipScale<T>& clip_scale(const double* total,
                                                                double max_norm) {
  __shared__ math::ClipScale<T> scale;
  if (threadIdx.x == 0) {
    scale = math::clip_scale<T>(
        total == nullptr ? 1.0 : math::clip_coefficient(math::sqrt(*total), max_norm));
  }
  __syncthreads();
  return scale;
}

/// gradient = scale(gradient)
template <class T>
__device__ void scale_gradient(const View& gradient, const math::ClipScale<T>& scale) {
  T* g = static_cast<T*>(gradient.data);
  constexpr int size = Pack<T>::kSize;
  const std::int64_t whole = aligned(g) ? gradient.numel / size : 0;
  for (std::int64_t p = thread_index(); p < whole; p += thread_count()) {
    Pack<T> pack = load_pack(g + p * size);
#pragma unroll
    for (int k = 0; k < size; ++k) pack.values[k] = scale(pack.values[k]);
    store_pack(g + p * size, pack);
  }
  for (std::int64_t i = whole * size + thread_index(); i < gradient.numel; i += thread_count())
    g[i] = scale(g[i]);
}

}  // namespace kindling::kernels::cuda
