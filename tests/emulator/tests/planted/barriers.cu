// SPDX-License-Identifier: MIT
// case divergent: barrier in divergent_barrier "different barriers"
// case divergent_repaired: clean
// case left: barrier in left_early "32 of 64 threads" with --strict-barriers
// case left_repaired: clean
// case left_before: clean
// case endless: endless in spin "does not end" with --patience 100000
// case endless_repaired: clean
// case count: barrier in count_of_threads "no multiple of 32"
// case count_repaired: clean
// case number: barrier in numbered "there is no barrier 16"
// case number_repaired: clean
// case deadlock: barrier in two_barriers
// case deadlock_repaired: clean
// case shuffle_mask: mask in shuffle "does not name the lane"
// case shuffle_mask_repaired: clean
// case shuffle_absent: mask in shuffle_in_branch
// case shuffle_absent_repaired: clean
// case vote_mask: mask in vote "does not name the lane"
// case vote_mask_repaired: clean
// case sync_mask: mask in sync_some "never come"
// case sync_mask_repaired: clean
// case assertion: assert in asserts
// case assertion_repaired: clean
// case trap: trap in traps
// case trap_repaired: clean
#include "tests/emulator/tests/case.h"

#include <cassert>

template <bool repaired>
__global__ void divergent_barrier(int* data) {
  if (repaired) {
    __syncthreads();
  } else if (threadIdx.x < 32) {
    __syncthreads();  // <- divergent
    data[threadIdx.x] += 1;
  } else {
    __syncthreads();
    data[threadIdx.x] += 2;
  }
}

template <bool repaired>
__global__ void left_early(int* data) {
  if (!repaired && threadIdx.x >= 32) return;
  __syncthreads();  // <- left
  data[threadIdx.x] += 1;
}

// A thread that waits for what nobody does.
__global__ void spin(int* data, int wanted) {
  data[threadIdx.x] = 1;
  __syncthreads();
  while (*static_cast<volatile int*>(data) != wanted) {  // <- endless
  }
}

__global__ void count_of_threads(int* data, int threads) {
  asm volatile("bar.sync 1, %0;" : : "r"(threads) : "memory");  // <- count
  data[threadIdx.x] += 1;
}

__global__ void numbered(int* data, int number) {
  asm volatile("bar.sync %0;" : : "r"(number) : "memory");  // <- number
  data[threadIdx.x] += 1;
}

// Half of the block waits at barrier 1, half at barrier 2, for all.
template <bool repaired>
__global__ void two_barriers(int* data) {
  if (threadIdx.x < 32 || repaired) asm volatile("bar.sync 1;" : : : "memory");  // <- deadlock
  if (threadIdx.x >= 32 || repaired) asm volatile("bar.sync 2;" : : : "memory");
  data[threadIdx.x] += 1;
}

__global__ void shuffle(int* data, unsigned mask) {
  data[threadIdx.x] = __shfl_xor_sync(mask, data[threadIdx.x], 1);  // <- shuffle_mask
}

template <bool repaired>
__global__ void shuffle_in_branch(int* data) {
  const int value = data[threadIdx.x];
  int other = 0;
  if (repaired) other = __shfl_down_sync(~0u, value, 16);
  if (threadIdx.x < 16) {
    if (!repaired) other = __shfl_down_sync(0xffffu, value, 16);  // <- shuffle_absent
    data[threadIdx.x] = other;
  }
}

__global__ void vote(int* data, unsigned mask) {
  data[threadIdx.x] = __any_sync(mask, data[threadIdx.x] > 3);  // <- vote_mask
}

template <bool repaired>
__global__ void sync_some(int* data) {
  if (threadIdx.x < 8) {
    __syncwarp(repaired ? 0xffu : 0xffffu);  // <- sync_mask
    data[threadIdx.x] = 1;
  }
  __syncthreads();
}

__global__ void asserts(const int* data, int limit) {
  assert(data[threadIdx.x] < limit);  // <- assertion
}

__global__ void traps(const int* data, int limit) {
  if (data[threadIdx.x] >= limit) __trap();  // <- trap
}

int main(int count, char** arguments) {
  return run_case(count, arguments,
                  {{"divergent", [] { launch_block(divergent_barrier<false>, 64); }},
                   {"divergent_repaired", [] { launch_block(divergent_barrier<true>, 64); }},
                   {"left", [] { launch_block(left_early<false>, 64); }},
                   {"left_repaired", [] { launch_block(left_early<true>, 64); }},
                   {"left_before", [] { launch_block(left_early<false>, 64); }},
                   {"endless", [] { launch_block(spin, 64, 2); }},
                   {"endless_repaired", [] { launch_block(spin, 64, 1); }},
                   {"count", [] { launch_block(count_of_threads, 64, 40); }},
                   {"count_repaired", [] { launch_block(count_of_threads, 64, 64); }},
                   {"number", [] { launch_block(numbered, 64, 16); }},
                   {"number_repaired", [] { launch_block(numbered, 64, 15); }},
                   {"deadlock", [] { launch_block(two_barriers<false>, 64); }},
                   {"deadlock_repaired", [] { launch_block(two_barriers<true>, 64); }},
                   {"shuffle_mask", [] { launch_block(shuffle, 32, 0xffffu); }},
                   {"shuffle_mask_repaired", [] { launch_block(shuffle, 32, ~0u); }},
                   {"shuffle_absent", [] { launch_block(shuffle_in_branch<false>, 32); }},
                   {"shuffle_absent_repaired", [] { launch_block(shuffle_in_branch<true>, 32); }},
                   {"vote_mask", [] { launch_block(vote, 32, 0xffu); }},
                   {"vote_mask_repaired", [] { launch_block(vote, 32, ~0u); }},
                   {"sync_mask", [] { launch_block(sync_some<false>, 32); }},
                   {"sync_mask_repaired", [] { launch_block(sync_some<true>, 32); }},
                   {"assertion", [] { launch_block(asserts, 32, 20); }},
                   {"assertion_repaired", [] { launch_block(asserts, 32, 32); }},
                   {"trap", [] { launch_block(traps, 32, 20); }},
                   {"trap_repaired", [] { launch_block(traps, 32, 32); }}});
}
