// SPDX-License-Identifier: MIT
#pragma once

#include <kindling/kernels/cuda/launch.cuh>
#include <kindling/kernels/math/optimizers.h>

namespace kindling::kernels::cuda {

/// The coefficient for gradients whose squares add up to *total, worked out by one thread for its
/// block; 1 without a total.
__device__ __forceinline__ double clip_coefficient(const double* total, double max_norm) {
  __shared__ double coefficient;
  if (total == nullptr) return 1.0;
  if (threadIdx.x == 0) coefficient = math::clip_coefficient(math::sqrt(*total), max_norm);
  __syncthreads();
  return coefficient;
}

}  // namespace kindling::kernels::cuda
