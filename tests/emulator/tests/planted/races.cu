// SPDX-License-Identifier: MIT
// case shared_read: race in reverse "the write by thread"
// case shared_read_repaired: clean
// case shared_write: race in rotate "the read by thread"
// case shared_write_repaired: clean
// case shared_both_write: race in both_write
// case both_write_equal: clean
// case warp: race in warp_sum
// case warp_repaired: clean
// case warp_volatile: race in warp_volatile_sum
// case partial_warps: clean
// case neighbours: clean
// case global: race in neighbour_blocks
// case global_repaired: clean
// case atomic_read: race in count_then_read
// case atomic_read_repaired: clean
// case block_atomic: race in count_in_block
// case block_atomic_repaired: clean
// case last_block: race in last_block_no_fence
// case last_block_narrow: race in last_block_narrow
// case last_block_repaired: clean
// case last_block_samples: clean
// case last_block_all_fence: clean
// case named_barrier: race in named
// case named_barrier_repaired: clean
// case grid_sync: race in grid_phases
// case grid_sync_repaired: clean
// case message: race in message_no_fence
// case message_volatile_flag_plain_read: race in message_plain
// case message_repaired: clean
// case lock: clean
// case overwritten_by_last: clean
#include "tests/emulator/tests/case.h"

#include <cooperative_groups.h>

namespace cg = cooperative_groups;

template <bool repaired>
__global__ void reverse(int* data) {
  __shared__ int buffer[64];
  const unsigned i = threadIdx.x;
  buffer[i] = 0;
  __syncthreads();
  buffer[i] = data[i];
  if (repaired) __syncthreads();
  data[i] = buffer[63 - i];  // <- shared_read
}

template <bool repaired>
__global__ void rotate(int* data) {
  __shared__ int buffer[64];
  const unsigned i = threadIdx.x;
  buffer[i] = data[i];
  __syncthreads();
  const int next = buffer[(i + 1) % 64];
  if (repaired) __syncthreads();
  buffer[i] = next;  // <- shared_write
  __syncthreads();
  data[i] = buffer[i];
}

__global__ void both_write(int* data, int factor) {
  __shared__ int value;
  value = static_cast<int>(threadIdx.x) * factor;  // <- shared_both_write
  __syncthreads();
  data[threadIdx.x] = value;
}

template <bool repaired>
__global__ void warp_sum(int* data) {
  __shared__ int buffer[32];
  const unsigned i = threadIdx.x;
  buffer[i] = data[i];
  __syncwarp();
  for (unsigned step = 16; step > 0; step /= 2) {
    if (i < step) buffer[i] += buffer[i + step];  // <- warp
    if (repaired) __syncwarp();
  }
  if (i == 0) data[0] = buffer[0];
}

__global__ void warp_volatile_sum(int* data) {
  __shared__ volatile int buffer[32];
  const unsigned i = threadIdx.x;
  buffer[i] = data[i];
  __syncwarp();
  if (i < 16) {
    buffer[i] = buffer[i] + buffer[i + 16];
    buffer[i] = buffer[i] + buffer[i + 8];  // <- warp_volatile
  }
}

// Tiles of 8 lanes that exchange through shared memory, each on its own.
__global__ void tiles(int* data) {
  __shared__ int buffer[64];
  const auto tile = cg::tiled_partition<8>(cg::this_thread_block());
  const unsigned i = threadIdx.x;
  buffer[i] = data[i];
  tile.sync();
  const int other = buffer[i ^ 7];
  tile.sync();
  if (tile.meta_group_rank() % 2 == 0) buffer[i] = other + 1;
  tile.sync();
  data[i] = buffer[i ^ 3];
}

// Bytes and half words side by side are no conflict.
__global__ void neighbour_bytes(char* bytes, short* words) {
  bytes[threadIdx.x] = static_cast<char>(threadIdx.x);
  words[threadIdx.x] = static_cast<short>(threadIdx.x);
}

__global__ void neighbour_blocks(int* data, int* to, bool reads) {
  if (threadIdx.x == 0) data[blockIdx.x] = 1;
  if (threadIdx.x == 1 && reads) to[blockIdx.x] = data[blockIdx.x ^ 1];  // <- global
}

template <bool repaired>
__global__ void count_then_read(int* data) {
  __shared__ int sum;
  if (threadIdx.x == 0) sum = 0;
  __syncthreads();
  atomicAdd(&sum, static_cast<int>(threadIdx.x));
  if (repaired) __syncthreads();
  data[threadIdx.x] = sum;  // <- atomic_read
}

template <bool narrow>
__global__ void count_in_block(int* sum) {
  if (narrow) {
    asm volatile("red.relaxed.cta.global.add.s32 [%0], 1;" ::"l"(sum));  // <- block_atomic
  } else {
    atomicAdd(sum, 1);
  }
}

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

// Two warps hand data to each other through barrier 1; the other two do not take part.
template <bool repaired>
__global__ void named(int* data) {
  __shared__ int buffer[128];
  const unsigned i = threadIdx.x;
  buffer[i] = 0;
  __syncthreads();
  buffer[i] = data[i];
  int other = 0;
  if (i < 64) {
    if (repaired) asm volatile("bar.sync 1, 64;" : : : "memory");
    other = buffer[63 - i];  // <- named_barrier
  }
  __syncthreads();
  data[i] = other;
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
void on_data(Kernel kernel, unsigned threads) {
  std::vector<int> values(threads);
  for (unsigned i = 0; i < threads; ++i) values[i] = static_cast<int>(i);
  int* data = device(values);
  kernel<<<1, threads>>>(data);
  check(wait());
  cudaFree(data);
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
void send_with(Kernel kernel) {
  int* data = device<int>(1);
  int* flag = device<int>(1);
  int* to = device<int>(1);
  kernel<<<2, 1>>>(data, flag, to);
  check(wait());
  cudaFree(data);
  cudaFree(flag);
  require(take(to, 1)[0] == 42, "message");
}

void both_write_with(int factor) {
  int* data = device<int>(32);
  both_write<<<1, 32>>>(data, factor);
  check(wait());
  cudaFree(data);
}

void neighbours() {
  char* bytes = device<char>(128);
  short* words = device<short>(128);
  neighbour_bytes<<<1, 128>>>(bytes, words);
  check(wait());
  require(take(bytes, 128)[77] == 77 && take(words, 128)[78] == 78, "neighbours");
}

void blocks_with(bool reads) {
  int* data = device<int>(4);
  int* to = device<int>(4);
  neighbour_blocks<<<4, 32>>>(data, to, reads);
  check(wait());
  cudaFree(data);
  cudaFree(to);
}

template <bool narrow>
void count_with() {
  int* sum = device<int>(1);
  count_in_block<narrow><<<4, 32>>>(sum);
  check(wait());
  require(take(sum, 1)[0] == 128, "count");
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
                  {{"shared_read", [] { on_data(reverse<false>, 64); }},
                   {"shared_read_repaired", [] { on_data(reverse<true>, 64); }},
                   {"shared_write", [] { on_data(rotate<false>, 64); }},
                   {"shared_write_repaired", [] { on_data(rotate<true>, 64); }},
                   {"shared_both_write", [] { both_write_with(1); }},
                   {"both_write_equal", [] { both_write_with(0); }},
                   {"warp", [] { on_data(warp_sum<false>, 32); }},
                   {"warp_repaired", [] { on_data(warp_sum<true>, 32); }},
                   {"warp_volatile", [] { on_data(warp_volatile_sum, 32); }},
                   {"partial_warps", [] { on_data(tiles, 64); }},
                   {"neighbours", neighbours},
                   {"global", [] { blocks_with(true); }},
                   {"global_repaired", [] { blocks_with(false); }},
                   {"atomic_read", [] { on_data(count_then_read<false>, 64); }},
                   {"atomic_read_repaired", [] { on_data(count_then_read<true>, 64); }},
                   {"block_atomic", count_with<true>},
                   {"block_atomic_repaired", count_with<false>},
                   {"last_block", [] { reduce_with(last_block_no_fence); }},
                   {"last_block_narrow", [] { reduce_with(last_block_narrow); }},
                   {"last_block_repaired", [] { reduce_with(last_block); }},
                   {"last_block_samples", [] { reduce_with(last_block_samples); }},
                   {"last_block_all_fence", [] { reduce_with(last_block_all_fence); }},
                   {"named_barrier", [] { on_data(named<false>, 128); }},
                   {"named_barrier_repaired", [] { on_data(named<true>, 128); }},
                   {"grid_sync", phases<false>},
                   {"grid_sync_repaired", phases<true>},
                   {"message", [] { send_with(message_no_fence); }},
                   {"message_volatile_flag_plain_read", [] { send_with(message_plain); }},
                   {"message_repaired", [] { send_with(message); }},
                   {"lock", lock_all},
                   {"overwritten_by_last", overwritten}});
}
