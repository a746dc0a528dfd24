// SPDX-License-Identifier: MIT
// Locks that the lanes of one warp fight for, which ends because each of them goes on by itself,
// and that blocks fight for.
// case lanes: clean
// case warps: clean
// case blocks: clean
// case together: clean
// case turns: clean
#include "tests/emulator/tests/case.h"

namespace {

__device__ __forceinline__ void acquire(int* lock) {
  while (atomicCAS(lock, 0, 1) != 0) {
  }
  __threadfence();
}
__device__ __forceinline__ void release(int* lock) {
  __threadfence();
  atomicExch(lock, 0);
}

__global__ void count_locked(int* lock, int* count) {
  acquire(lock);
  volatile int* const again = count;
  *count += 1;
  if (*again == 0) *count = -1;
  release(lock);
}

// The block that comes first waits for the one that comes last.
__global__ void pass_on(int* turn, int* count) {
  const int mine = static_cast<int>(gridDim.x - 1 - blockIdx.x);
  if (threadIdx.x == 0) {
    while (atomicAdd(turn, 0) != mine) {
    }
    __threadfence();
    *count = *count * 2 + mine;
    __threadfence();
    atomicAdd(turn, 1);
  }
  __syncthreads();
}

void run(void (*kernel)(int*, int*), unsigned blocks, unsigned threads, int expected,
         bool together = false) {
  int* lock = device<int>(1);
  int* count = device<int>(1);
  void* arguments[] = {&lock, &count};
  check(together ? cudaLaunchCooperativeKernel(kernel, dim3(blocks), dim3(threads), arguments)
                 : cudaLaunchKernel(kernel, dim3(blocks), dim3(threads), arguments));
  check(wait());
  check(cudaFree(lock));
  require(take(count, 1)[0] == expected, "count");
}

}  // namespace

int main(int count, char** arguments) {
  return run_case(count, arguments,
                  {{"lanes", [] { run(count_locked, 1, 32, 32); }},
                   {"warps", [] { run(count_locked, 1, 128, 128); }},
                   {"blocks", [] { run(count_locked, 4, 32, 128); }},
                   {"together", [] { run(count_locked, 4, 32, 128, true); }},
                   {"turns", [] { run(pass_on, 4, 32, 11); }}});
}
