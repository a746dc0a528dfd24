// SPDX-License-Identifier: MIT
// What goes wrong with cuda::barrier, cuda::pipeline and cp.async of a block.
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
// case early: race in arrive_early "no order after the initialisation of the mbarrier"
// case early_repaired: clean
// case unfinished: race in copy_tiles "a cp.async is under way"
// case unfinished_for_others: race in copy_tiles "the write by thread"
// case refilled: race in copy_tiles "the read by thread"
// case refilled_twice: race in copy_tiles "a cp.async is under way"
// case copies_repaired: clean
// case copied_far: out-of-bounds in copy_to "tile"
// case copied_far_repaired: clean
#include "tests/emulator/tests/block_barrier.h"
#include "tests/emulator/tests/case.h"

#include <cooperative_groups.h>
#include <cuda_pipeline.h>

#include <utility>

namespace cg = cooperative_groups;

// The second warp reads what the first one writes.
template <bool repaired>
__global__ void hand_over(int* data) {
  __shared__ int values[32];
  __shared__ alignas(Barrier) char storage[sizeof(Barrier)];
  auto& barrier = *reinterpret_cast<Barrier*>(storage);
  start(&barrier, 1, 64);
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
  start(&barrier, 1, 64);
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
  start(&barrier, 1, 64);
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
  start(&barrier, 1, 64);
  if (repaired) barrier.arrive_and_wait();
  __syncthreads();
  if (threadIdx.x == 0) barrier.~Barrier();
  __syncthreads();
  if (!repaired) barrier.arrive_and_wait();  // <- ended
  data[threadIdx.x] += 1;
}

// The first thread makes the barrier and arrives; nobody waits for it to have done so.
template <bool repaired>
__global__ void arrive_early(int* data) {
  __shared__ alignas(Barrier) char storage[sizeof(Barrier)];
  auto& barrier = *reinterpret_cast<Barrier*>(storage);
  if (threadIdx.x == 0) {
    init(&barrier, 33);
    (void)barrier.arrive();
  }
  if (repaired) __syncthreads();
  if (threadIdx.x >= 32) (void)barrier.arrive();  // <- early
  data[threadIdx.x] += 1;
}

// Two buffers: one is filled while the other is read.
template <int allowed, bool meets, bool frees, int refills = 1>
__global__ void copy_tiles(int* data) {
  __shared__ int tile[2][64];
  const unsigned i = threadIdx.x;
  int sum = 0;
  tile[0][i] = tile[1][i] = 0;
  __syncthreads();
  __pipeline_memcpy_async(&tile[0][i], data + i, 4);
  __pipeline_commit();
  for (unsigned t = 0; t < 4; ++t) {
    const unsigned next = (t + 1) % 2;
    for (int times = 0; times < refills; ++times) {
      const int* from = data + next * 64 + i;
      __pipeline_memcpy_async(&tile[next][i], from, 4);  // <- refilled refilled_twice
      __pipeline_commit();
    }
    __pipeline_wait_prior(allowed);
    if (meets) __syncthreads();
    sum += tile[t % 2][63 - i];  // <- unfinished unfinished_for_others
    if (frees) __syncthreads();
  }
  __pipeline_wait_prior(0);
  data[i] = sum;
}

// Reported where the copy starts, although nobody waits for it.
__global__ void copy_to(int* data, unsigned at) {
  __shared__ int tile[64];
  __pipeline_memcpy_async(&tile[at + threadIdx.x], data + threadIdx.x, 4);  // <- copied_far
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
                   {"ended_repaired", [] { launch_block(end_early<true>, 64); }},
                   {"early", [] { launch_block(arrive_early<false>, 64); }},
                   {"early_repaired", [] { launch_block(arrive_early<true>, 64); }},
                   {"unfinished", [] { launch_block(copy_tiles<2, true, true>, 64); }},
                   {"unfinished_for_others", [] { launch_block(copy_tiles<1, false, true>, 64); }},
                   {"refilled", [] { launch_block(copy_tiles<1, true, false>, 64); }},
                   {"refilled_twice", [] { launch_block(copy_tiles<2, true, true, 2>, 64); }},
                   {"copied_far", [] { launch_block(copy_to, 64, 1u); }},
                   {"copied_far_repaired", [] { launch_block(copy_to, 64, 0u); }},
                   {"copies_repaired", [] { launch_block(copy_tiles<1, true, true>, 64); }}});
}
