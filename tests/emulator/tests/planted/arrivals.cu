// SPDX-License-Identifier: MIT
// What goes wrong with cuda::barrier and cuda::pipeline of a block.
// case unwaited: race in hand_over
// case unwaited_repaired: clean
// case unreleased: race in reuse
// case unreleased_repaired: clean
// case copied: race in copy_tile
// case copied_repaired: clean
// case too_many: barrier in arrive_often "63 arrivals at an mbarrier that waits for 32"
// case too_many_repaired: clean
// case ended: barrier in end_early "not initialised, or not any more"
// case ended_repaired: clean
#include "tests/emulator/tests/case.h"

#include <cooperative_groups.h>
#include <cuda/barrier>

#include <utility>

namespace cg = cooperative_groups;

using Barrier = cuda::barrier<cuda::thread_scope_block>;

// The second warp reads what the first one writes.
template <bool repaired>
__global__ void hand_over(int* data) {
  __shared__ int values[32];
  __shared__ alignas(Barrier) char storage[sizeof(Barrier)];
  auto& barrier = *reinterpret_cast<Barrier*>(storage);
  if (threadIdx.x == 0) init(&barrier, 64);
  __syncthreads();
  if (threadIdx.x < 32) {
    values[threadIdx.x] = data[threadIdx.x];
    (void)barrier.arrive();
  } else {
    auto token = barrier.arrive();
    if (repaired) barrier.wait(std::move(token));
    data[threadIdx.x] = values[63 - threadIdx.x];  // <- unwaited
  }
}

// The first warp writes again before the second one has read.
template <bool repaired>
__global__ void reuse(int* data) {
  __shared__ int values[32];
  __shared__ alignas(Barrier) char storage[sizeof(Barrier)];
  auto& barrier = *reinterpret_cast<Barrier*>(storage);
  if (threadIdx.x == 0) init(&barrier, 64);
  __syncthreads();
  for (int round = 0; round < 2; ++round) {
    if (threadIdx.x < 32) values[threadIdx.x] = round + 1;  // <- unreleased
    barrier.arrive_and_wait();
    if (threadIdx.x >= 32) data[threadIdx.x] += values[63 - threadIdx.x];
    if (repaired) barrier.arrive_and_wait();
  }
}

template <bool repaired>
__global__ void copy_tile(int* data) {
  __shared__ alignas(16) int tile[64];
  __shared__ alignas(Barrier) char storage[sizeof(Barrier)];
  auto& barrier = *reinterpret_cast<Barrier*>(storage);
  const auto block = cg::this_thread_block();
  if (threadIdx.x == 0) init(&barrier, 64);
  block.sync();
  cuda::memcpy_async(block, tile, data, cuda::aligned_size_t<16>(sizeof tile), barrier);
  auto token = barrier.arrive();
  if (repaired) barrier.wait(std::move(token));
  data[64 + threadIdx.x] = tile[63 - threadIdx.x];  // <- copied
}

__global__ void arrive_often(int* data, int arrivals) {
  __shared__ alignas(Barrier) char storage[sizeof(Barrier)];
  auto& barrier = *reinterpret_cast<Barrier*>(storage);
  if (threadIdx.x == 0) {
    init(&barrier, 32);
    (void)barrier.arrive(arrivals);  // <- too_many
  }
  data[threadIdx.x] += 1;
}

template <bool repaired>
__global__ void end_early(int* data) {
  __shared__ alignas(Barrier) char storage[sizeof(Barrier)];
  auto& barrier = *reinterpret_cast<Barrier*>(storage);
  if (threadIdx.x == 0) init(&barrier, 64);
  __syncthreads();
  if (repaired) barrier.arrive_and_wait();
  __syncthreads();
  if (threadIdx.x == 0) barrier.~Barrier();
  __syncthreads();
  if (!repaired) barrier.arrive_and_wait();  // <- ended
  data[threadIdx.x] += 1;
}

int main(int count, char** arguments) {
  return run_case(count, arguments,
                  {{"unwaited", [] { launch_block(hand_over<false>, 64); }},
                   {"unwaited_repaired", [] { launch_block(hand_over<true>, 64); }},
                   {"unreleased", [] { launch_block(reuse<false>, 64); }},
                   {"unreleased_repaired", [] { launch_block(reuse<true>, 64); }},
                   {"copied", [] { launch_block(copy_tile<false>, 64); }},
                   {"copied_repaired", [] { launch_block(copy_tile<true>, 64); }},
                   {"too_many", [] { launch_block(arrive_often, 64, 64); }},
                   {"too_many_repaired", [] { launch_block(arrive_often, 64, 31); }},
                   {"ended", [] { launch_block(end_early<false>, 64); }},
                   {"ended_repaired", [] { launch_block(end_early<true>, 64); }}});
}
