// SPDX-License-Identifier: MIT
// What threads do together: warps, groups, barriers, atomics, copies of a block.
// case warps: clean
// case groups: clean
// case barriers: clean
// case atomics: clean
// case async_copy: clean
#include "tests/emulator/tests/case.h"

#include <cooperative_groups.h>
#include <cooperative_groups/reduce.h>
#include <cuda_fp16.h>
#include <cuda_pipeline.h>

namespace cg = cooperative_groups;

namespace {

__global__ void warp_all(unsigned* to) {
  const unsigned i = threadIdx.x;
  unsigned sum = __reduce_add_sync(~0u, i) + __reduce_max_sync(~0u, i ^ 5);
  sum += __shfl_up_sync(~0u, i, 3) + __shfl_down_sync(~0u, i, 2, 8) * 100;
  sum += __shfl_sync(~0u, i, 7, 16) * 10000 + __shfl_xor_sync(~0u, i, 16) * 1000000;
  to[i] = sum;
  to[32 + i] = __ballot_sync(~0u, i % 3 == 0) ^ __match_any_sync(~0u, i / 5);
  int all_same = 0;
  to[64 + i] = __match_all_sync(~0u, 7u, &all_same) + static_cast<unsigned>(all_same) +
               static_cast<unsigned>(__any_sync(~0u, i == 9)) * 2 +
               static_cast<unsigned>(__all_sync(~0u, i < 31)) * 4;
  to[96 + i] = i < 11 ? __activemask() : 0;
}

void warps() {
  unsigned* to = device<unsigned>(128);
  warp_all<<<1, 32>>>(to);
  check(wait());
  const std::vector<unsigned> values = take(to, 128);
  for (unsigned i = 0; i < 32; ++i) {
    const unsigned up = i < 3 ? i : i - 3, down = i % 8 < 6 ? i + 2 : i;
    const unsigned sum =
        496 + 31 + up + down * 100 + (i / 16 * 16 + 7) * 10000 + (i ^ 16) * 1000000;
    require(values[i] == sum, "reductions and shuffles");
    unsigned same = 0;
    for (unsigned j = 0; j < 32; ++j) same |= (j / 5 == i / 5 ? 1u : 0u) << j;
    require(values[32 + i] == (0x49249249u ^ same), "ballot and match");
    require(values[64 + i] == ~0u + 1 + 2, "votes");
    require(values[96 + i] == (i < 11 ? 0x7ffu : 0u), "active lanes");
  }
}

__global__ void group_all(int* to) {
  const auto block = cg::this_thread_block();
  const auto tile = cg::tiled_partition<16>(block);
  const int i = static_cast<int>(threadIdx.x);
  to[i] = cg::reduce(tile, i, cg::plus<int>()) + static_cast<int>(tile.meta_group_rank()) * 10000;
  if (i % 3 == 0) {
    const auto group = cg::coalesced_threads();
    to[64 + i] = static_cast<int>(group.size()) + group.shfl(i, 1) * 100;
  }
  block.sync();
}

void groups() {
  int* to = device<int>(128);
  group_all<<<1, 64>>>(to);
  check(wait());
  const std::vector<int> values = take(to, 128);
  require(values[20] == (16 + 31) * 8 + 10000 && values[63] == (48 + 63) * 8 + 30000, "tiles");
  require(values[64] == 11 + 3 * 100 && values[64 + 33] == 11 + 36 * 100, "coalesced threads");
}

__global__ void barrier_all(int* to) {
  const int i = static_cast<int>(threadIdx.x);
  to[i] = __syncthreads_count(i % 3 == 0) + __syncthreads_or(i == 5) * 1000 +
          __syncthreads_and(i < 64) * 2000;
  __shared__ int handed[32];
  if (i < 32) {
    handed[i] = i;
    asm volatile("bar.arrive 2, 64;" : : : "memory");
  } else {
    asm volatile("bar.sync 2, 64;" : : : "memory");
    to[64 + i - 32] = handed[63 - i];
  }
}

void barriers() {
  int* to = device<int>(96);
  barrier_all<<<1, 64>>>(to);
  check(wait());
  const std::vector<int> values = take(to, 96);
  require(values[7] == 22 + 1000 + 2000 && values[64] == 31, "barriers");
}

__global__ void atomic_all(float* f, double* d, int* i, unsigned long long* u, __half2* h) {
  const int t = static_cast<int>(threadIdx.x);
  atomicAdd(f, 0.5f);
  atomicAdd(d, 0.25);
  atomicMax(i, t);
  atomicMin(i + 1, -t);
  atomicXor(i + 2, 1 << t % 32);
  atomicAdd(i + 3, 2);
  atomicSub(i + 4, 3);
  atomicOr(i + 5, 1 << t % 32);
  atomicAnd(i + 6, ~(1 << t % 32));
  atomicInc(reinterpret_cast<unsigned*>(i + 7), 9);
  atomicDec(reinterpret_cast<unsigned*>(i + 8), 9);
  atomicAdd(u, 1ull << 33);
  atomicCAS(u + 1, 0ull, 7ull);
  atomicExch(u + 2, 5ull);
  atomicAdd(h, __float2half2_rn(1.0f));
  __shared__ int sum;
  if (t == 0) sum = 0;
  __syncthreads();
  atomicAdd_block(&sum, 1);
  __syncthreads();
  if (t == 0) atomicAdd_system(i + 9, sum);
}

void atomics() {
  float* f = device<float>(1);
  double* d = device<double>(1);
  int* i = device<int>(10);
  auto* u = device<unsigned long long>(3);
  auto* h = device<__half2>(1);
  atomic_all<<<3, 64>>>(f, d, i, u, h);
  check(wait());
  require(take(f, 1)[0] == 96 && take(d, 1)[0] == 48, "sums of reals");
  const std::vector<int> values = take(i, 10);
  require(values[0] == 63 && values[1] == -63 && values[2] == 0 && values[3] == 384, "integers");
  require(values[4] == -576 && values[5] == -1 && values[6] == 0, "bits");
  require(values[7] == 192 % 10 && values[8] == (10 - 192 % 10) % 10 && values[9] == 192,
          "wrapping");
  const std::vector<unsigned long long> wide = take(u, 3);
  require(wide[0] == 192ull << 33 && wide[1] == 7 && wide[2] == 5, "64 bits");
  require(__low2float(take(h, 1)[0]) == 192, "halves");
}

__global__ void copy_async(const float4* from, float4* to, int tiles) {
  __shared__ float4 buffer[2][64];
  const unsigned i = threadIdx.x;
  __pipeline_memcpy_async(&buffer[0][i], from + i, 16);
  __pipeline_commit();
  for (int tile = 0; tile < tiles; ++tile) {
    if (tile + 1 < tiles) {
      __pipeline_memcpy_async(&buffer[(tile + 1) % 2][i], from + (tile + 1) * 64 + i, 16);
    }
    __pipeline_commit();
    __pipeline_wait_prior(1);
    __syncthreads();
    to[tile * 64 + static_cast<int>(i)] = buffer[tile % 2][63 - i];
    __syncthreads();
  }
}

void async_copy() {
  std::vector<float> values(4 * 256);
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<float>(i);
  float* from = device(values);
  float* to = device<float>(values.size());
  copy_async<<<1, 64>>>(reinterpret_cast<float4*>(from), reinterpret_cast<float4*>(to), 4);
  check(wait());
  check(cudaFree(from));
  const std::vector<float> copied = take(to, values.size());
  for (std::size_t i = 0; i < copied.size(); ++i) {
    require(copied[i] == values[i / 256 * 256 + (63 - i % 256 / 4) * 4 + i % 4], "tiles");
  }
}

}  // namespace

int main(int count, char** arguments) {
  return run_case(count, arguments,
                  {{"warps", warps},
                   {"groups", groups},
                   {"barriers", barriers},
                   {"atomics", atomics},
                   {"async_copy", async_copy}});
}
