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
// case maximum: race in maximum
// case maximum_repaired: clean
// case half_sum: clean
// case block_atomic: race in count_in_block
// case block_atomic_repaired: clean
// case named_barrier: race in named
// case named_barrier_repaired: clean
#include "tests/emulator/tests/case.h"

#include <cooperative_groups.h>
#include <cuda_bf16.h>

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

// The usual loop: its first read may be stale, as atomicCAS finds out.
template <bool repaired>
__global__ void maximum(int* data) {
  const float value = static_cast<float>(threadIdx.x);
  int old = *data;
  while (__int_as_float(old) < value) {
    const int wanted = __float_as_int(value), assumed = old;
    if (repaired) {
      old = atomicCAS(data, assumed, wanted);
    } else {
      *data = old = wanted;  // <- maximum
    }
  }
}

// For this architecture NVIDIA's header has a loop of that kind.
__global__ void half_sum(__nv_bfloat16* sum) { atomicAdd(sum + 1, __float2bfloat16(1)); }

template <bool narrow>
__global__ void count_in_block(int* sum) {
  if (narrow) {
    asm volatile("red.relaxed.cta.global.add.s32 [%0], 1;" ::"l"(sum));  // <- block_atomic
  } else {
    atomicAdd(sum, 1);
  }
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

template <class Kernel>
void on_data(Kernel kernel, unsigned threads) {
  std::vector<int> values(threads);
  for (unsigned i = 0; i < threads; ++i) values[i] = static_cast<int>(i);
  int* data = device(values);
  kernel<<<1, threads>>>(data);
  check(wait());
  cudaFree(data);
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
void maximum_with() {
  int* data = device<int>(1);
  maximum<repaired><<<3, 64>>>(data);
  check(wait());
  const int bits = take(data, 1)[0];
  float value = 0;
  std::memcpy(&value, &bits, sizeof value);
  require(!repaired || value == 63, "maximum");
}

void half_sum_all() {
  auto* sum = device<__nv_bfloat16>(2);
  half_sum<<<2, 64>>>(sum);
  check(wait());
  require(__bfloat162float(take(sum, 2)[1]) == 128, "sum of halves");
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
                   {"maximum", maximum_with<false>},
                   {"maximum_repaired", maximum_with<true>},
                   {"half_sum", half_sum_all},
                   {"block_atomic", count_with<true>},
                   {"block_atomic_repaired", count_with<false>},
                   {"named_barrier", [] { on_data(named<false>, 128); }},
                   {"named_barrier_repaired", [] { on_data(named<true>, 128); }}});
}
