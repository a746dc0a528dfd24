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

template <class Kernel, class... Arguments>
void launch(Kernel kernel, Arguments... arguments) {
  std::vector<int> values(128);
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<int>(i);
  int* data = device(values);
  kernel<<<1, 64>>>(data, arguments...);
  wait();
  cudaFree(data);
  cudaGetLastError();
}

int main(int count, char** arguments) {
  return run_case(count, arguments,
                  {{"unwaited", [] { launch(hand_over<false>); }},
                   {"unwaited_repaired", [] { launch(hand_over<true>); }},
                   {"unreleased", [] { launch(reuse<false>); }},
                   {"unreleased_repaired", [] { launch(reuse<true>); }},
                   {"copied", [] { launch(copy_tile<false>); }},
                   {"copied_repaired", [] { launch(copy_tile<true>); }},
                   {"too_many", [] { launch(arrive_often, 64); }},
                   {"too_many_repaired", [] { launch(arrive_often, 31); }},
                   {"ended", [] { launch(end_early<false>); }},
                   {"ended_repaired", [] { launch(end_early<true>); }}});
}
