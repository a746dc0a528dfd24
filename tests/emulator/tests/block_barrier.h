// SPDX-License-Identifier: MIT
#pragma once

#include <cuda/barrier>

using Barrier = cuda::barrier<cuda::thread_scope_block>;

/// Makes barriers that all threads of the block may use afterwards.
__device__ inline void start(Barrier* barriers, int count, int expected) {
  if (threadIdx.x == 0) {
    for (int i = 0; i < count; ++i) init(barriers + i, expected);
  }
  __syncthreads();
}
