// SPDX-License-Identifier: MIT
// Order between blocks: fences, flags, tickets, locks, the barrier of a grid.
// case last_block: race in last_block_no_fence
// case last_block_narrow: race in last_block_narrow
// case last_block_half: race in last_block_half "a second __threadfence() is missing here"
// case last_block_repaired: clean
// case last_block_samples: clean
// case last_block_all_fence: clean
// case grid_sync: race in grid_phases
// case grid_sync_repaired: clean
// case grid_sums: race in grid_sums
// case grid_sums_repaired: clean
// case message: race in message_no_fence
// case message_volatile_flag_plain_read: race in message_plain
// case message_repaired: clean
// case mixed_reads: race in reset_flag "the reads by several blocks"
// case mixed_reads_repaired: clean
// case lock: clean
// case overwritten_by_last: clean
#include "tests/emulator/tests/case.h"

#include <cooperative_groups.h>

namespace cg = cooperative_groups;

__device__ unsigned tickets;

__device__ int block_sum(const int* data) {
  __shared__ int sum;
  if (threadIdx.x == 0) sum = 0;
  __syncthreads();
  atomicAdd(&sum, data[blockIdx.x * blockDim.x + threadIdx.x]);
  __syncthreads();
  return sum;
}

__global__ void last_block_no_fence(const int* data, int* parts, int* to) {
  const int sum = block_sum(data);
  if (threadIdx.x != 0) return;
  parts[blockIdx.x] = sum;
  if (atomicInc(&tickets, gridDim.x - 1) != gridDim.x - 1) return;
  int total = 0;
  for (unsigned i = 0; i < gridDim.x; ++i) total += parts[i];  // <- last_block
  *to = total;
}

// A fence that reaches the own block only.
__global__ void last_block_narrow(const int* data, int* parts, int* to) {
  const int sum = block_sum(data);
  if (threadIdx.x != 0) return;
  parts[blockIdx.x] = sum;
  __threadfence_block();
  const bool last = atomicInc(&tickets, gridDim.x - 1) == gridDim.x - 1;
  __threadfence_block();
  if (!last) return;
  int total = 0;
  for (unsigned i = 0; i < gridDim.x; ++i) total += parts[i];  // <- last_block_narrow
  *to = total;
}

// A fence on the writer's side alone, as in a sample of NVIDIA's, and plain loads.
__global__ void last_block_half(const int* data, int* parts, int* to) {
  __shared__ bool last;
  const int sum = block_sum(data);
  if (threadIdx.x == 0) {
    parts[blockIdx.x] = sum;
    __threadfence();
    last = atomicInc(&tickets, gridDim.x - 1) == gridDim.x - 1;
  }
  __syncthreads();
  if (last && threadIdx.x < gridDim.x) atomicAdd(to, parts[threadIdx.x]);  // <- last_block_half
}

// Plain loads, and a fence on both sides.
__global__ void last_block(const int* data, int* parts, int* to) {
  __shared__ bool last;
  const int sum = block_sum(data);
  if (threadIdx.x == 0) {
    parts[blockIdx.x] = sum;
    __threadfence();
    last = atomicInc(&tickets, gridDim.x - 1) == gridDim.x - 1;
    __threadfence();
  }
  __syncthreads();
  if (last && threadIdx.x < gridDim.x) atomicAdd(to, parts[threadIdx.x]);
}

// As NVIDIA's programming guide has it: volatile partial results and one fence.
__global__ void last_block_samples(const int* data, volatile int* parts, int* to) {
  __shared__ bool last;
  const int sum = block_sum(data);
  if (threadIdx.x == 0) {
    parts[blockIdx.x] = sum;
    __threadfence();
    last = atomicInc(&tickets, gridDim.x - 1) == gridDim.x - 1;
  }
  __syncthreads();
  if (last && threadIdx.x < gridDim.x) atomicAdd(to, parts[threadIdx.x]);
}

// Every thread writes and fences; one takes the ticket for all after the barrier.
__global__ void last_block_all_fence(const int* data, int* parts, int* to) {
  __shared__ bool last;
  const unsigned i = blockIdx.x * blockDim.x + threadIdx.x;
  parts[i] = data[i] + 1;
  __threadfence();
  __syncthreads();
  if (threadIdx.x == 0) last = atomicInc(&tickets, gridDim.x - 1) == gridDim.x - 1;
  __syncthreads();
  if (!last) return;
  __threadfence();
  for (unsigned j = threadIdx.x; j < gridDim.x * blockDim.x; j += blockDim.x) {
    atomicAdd(to, parts[j] - 1);
  }
}

// All blocks read what the last one overwrites.
__global__ void overwrite_input(int* data, int* parts, int* to) {
  __shared__ bool last;
  const int sum = block_sum(data);
  if (threadIdx.x == 0) {
    parts[blockIdx.x] = sum + data[0] * 0;
    __threadfence();
    last = atomicInc(&tickets, gridDim.x - 1) == gridDim.x - 1;
    __threadfence();
  }
  __syncthreads();
  if (!last) return;
  if (threadIdx.x < gridDim.x) atomicAdd(to, parts[threadIdx.x]);
  data[threadIdx.x] = 7;
}

template <bool repaired>
__global__ void grid_phases(int* data, int* to) {
  const unsigned i = blockIdx.x * blockDim.x + threadIdx.x, n = gridDim.x * blockDim.x;
  for (int phase = 0; phase < 3; ++phase) {
    data[i] += 1;
    if (repaired) cg::this_grid().sync();
    to[i] += data[n - 1 - i];  // <- grid_sync
    if (repaired) cg::this_grid().sync();
  }
}

// All threads of all blocks read what the next phase overwrites.
template <bool repaired>
__global__ void grid_sums(int* parts, int* to) {
  const unsigned i = blockIdx.x * blockDim.x + threadIdx.x;
  for (int phase = 0; phase < 3; ++phase) {
    if (threadIdx.x == 0) parts[blockIdx.x] = phase;  // <- grid_sums
    cg::this_grid().sync();
    for (unsigned block = 0; block < gridDim.x; ++block) to[i] += parts[block];
    if (repaired) cg::this_grid().sync();
  }
}

__global__ void message_no_fence(int* data, int* flag, int* to) {
  if (blockIdx.x == 0) {
    *data = 42;
    atomicExch(flag, 1);
  } else {
    while (atomicAdd(flag, 0) == 0) {
    }
    *to = *data;  // <- message
  }
}

__global__ void message_plain(int* data, int* flag, int* to) {
  if (blockIdx.x == 0) {
    *data = 42;
    *reinterpret_cast<volatile int*>(flag) = 1;
  } else {
    while (*reinterpret_cast<volatile int*>(flag) == 0) {
    }
    *to = *data;  // <- message_volatile_flag_plain_read
  }
}

__global__ void message(int* data, int* flag, int* to) {
  if (blockIdx.x == 0) {
    *data = 42;
    __threadfence();
    *reinterpret_cast<volatile int*>(flag) = 1;
  } else {
    while (*reinterpret_cast<volatile int*>(flag) == 0) {
    }
    __threadfence();
    *to = *data;
  }
}

// Two blocks read the flag that the last one resets, one of them with a plain load too.
template <bool repaired>
__global__ void reset_flag(int* flag, int* seen, int* to) {
  volatile int* const strong = flag;
  if (blockIdx.x == 0) {
    __threadfence();
    *strong = 1;
  } else if (blockIdx.x == 3) {
    while (atomicAdd(seen, 0) != (repaired ? 2 : 1)) {
    }
    __threadfence();
    *flag = 0;  // <- mixed_reads
  } else {
    while (*strong == 0) {
    }
    __threadfence();
    if (blockIdx.x == 2) *to = *flag + 41;
    __threadfence();
    if (repaired || blockIdx.x == 2) atomicAdd(seen, 1);
  }
}

__global__ void lock(int* mutex, int* sum) {
  bool done = false;
  while (!done) {
    if (atomicCAS(mutex, 0, 1) == 0) {
      __threadfence();
      *sum += 1;
      __threadfence();
      atomicExch(mutex, 0);
      done = true;
    }
  }
}

template <class Kernel>
void reduce_with(Kernel kernel) {
  constexpr int blocks = 8, threads = 64;
  int* data = device(std::vector<int>(blocks * threads, 3));
  int* parts = device<int>(blocks * threads);
  int* to = device<int>(1);
  for (int times = 0; times < 2; ++times) kernel<<<blocks, threads>>>(data, parts, to);
  check(wait());
  cudaFree(data);
  cudaFree(parts);
  const int sum = take(to, 1)[0];
  require(sum == blocks * threads * 3 || sum == 2 * blocks * threads * 3 ||
              sum == blocks * threads * 3 + (blocks - 1) * threads * 3 + 7 * threads,
          "sum of the blocks");
}

template <class Kernel>
void send_with(Kernel kernel, unsigned blocks = 2) {
  int* data = device<int>(1);
  int* flag = device<int>(1);
  int* to = device<int>(1);
  kernel<<<blocks, 1>>>(data, flag, to);
  check(wait());
  cudaFree(data);
  cudaFree(flag);
  require(take(to, 1)[0] == 42, "message");
}

template <bool repaired>
void phases() {
  int* data = device<int>(4 * 64);
  int* to = device<int>(4 * 64);
  void* arguments[] = {&data, &to};
  check(
      cudaLaunchCooperativeKernel(grid_phases<repaired>, dim3(4), dim3(64), arguments, 0, nullptr));
  check(wait());
  cudaFree(data);
  const std::vector<int> sums = take(to, 4 * 64);
  if (repaired) {
    for (const int sum : sums) require(sum == 1 + 2 + 3, "phases");
  }
}

template <bool repaired>
void sums() {
  constexpr int blocks = 16, threads = 128;
  int* parts = device<int>(blocks);
  int* to = device<int>(blocks * threads);
  void* arguments[] = {&parts, &to};
  check(cudaLaunchCooperativeKernel(grid_sums<repaired>, dim3(blocks), dim3(threads), arguments, 0,
                                    nullptr));
  check(wait());
  cudaFree(parts);
  const std::vector<int> all = take(to, blocks * threads);
  if (repaired) {
    for (const int sum : all) require(sum == blocks * (0 + 1 + 2), "sums");
  }
}

void lock_all() {
  int* mutex = device<int>(1);
  int* sum = device<int>(1);
  lock<<<3, 64>>>(mutex, sum);
  check(wait());
  cudaFree(mutex);
  require(take(sum, 1)[0] == 192, "lock");
}

void overwritten() {
  int* data = device(std::vector<int>(512, 3));
  int* parts = device<int>(8);
  int* to = device<int>(1);
  overwrite_input<<<8, 64>>>(data, parts, to);
  check(wait());
  cudaFree(parts);
  require(take(to, 1)[0] == 512 * 3 && take(data, 512)[63] == 7, "overwritten");
}

int main(int count, char** arguments) {
  return run_case(count, arguments,
                  {{"last_block", [] { reduce_with(last_block_no_fence); }},
                   {"last_block_narrow", [] { reduce_with(last_block_narrow); }},
                   {"last_block_half", [] { reduce_with(last_block_half); }},
                   {"last_block_repaired", [] { reduce_with(last_block); }},
                   {"last_block_samples", [] { reduce_with(last_block_samples); }},
                   {"last_block_all_fence", [] { reduce_with(last_block_all_fence); }},
                   {"grid_sync", phases<false>},
                   {"grid_sync_repaired", phases<true>},
                   {"grid_sums", sums<false>},
                   {"grid_sums_repaired", sums<true>},
                   {"message", [] { send_with(message_no_fence); }},
                   {"message_volatile_flag_plain_read", [] { send_with(message_plain); }},
                   {"message_repaired", [] { send_with(message); }},
                   {"mixed_reads", [] { send_with(reset_flag<false>, 4); }},
                   {"mixed_reads_repaired", [] { send_with(reset_flag<true>, 4); }},
                   {"lock", lock_all},
                   {"overwritten_by_last", overwritten}});
}
