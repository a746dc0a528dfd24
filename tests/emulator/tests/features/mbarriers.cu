// SPDX-License-Identifier: MIT
// Barriers in shared memory: cuda::barrier, and cuda::pipeline of a block.
// case producers: clean
// case phases: clean
// case drops: clean
// case counts: clean
// case copies: clean
// case pipelines: clean
// case last_block: clean
#include "tests/emulator/tests/block_barrier.h"
#include "tests/emulator/tests/case.h"

#include <cooperative_groups.h>
#include <cuda/pipeline>

#include <utility>

namespace cg = cooperative_groups;

namespace {

// The first warp fills a buffer, the second one empties it, 16 times.
__global__ void produce(int* to) {
  __shared__ int buffer[32];
  __shared__ alignas(Barrier) char storage[2 * sizeof(Barrier)];
  auto* const barriers = reinterpret_cast<Barrier*>(storage);
  Barrier &full = barriers[0], &empty = barriers[1];
  start(barriers, 2, 64);
  const int lane = static_cast<int>(threadIdx.x % 32);
  for (int round = 0; round < 16; ++round) {
    if (threadIdx.x < 32) {
      buffer[lane] = round * 100 + lane;
      (void)full.arrive();
      empty.arrive_and_wait();
    } else {
      full.arrive_and_wait();
      to[round * 32 + lane] = buffer[31 - lane];
      (void)empty.arrive();
    }
  }
}

void producers() {
  int* to = device<int>(16 * 32);
  produce<<<1, 64>>>(to);
  check(wait());
  const std::vector<int> values = take(to, 16 * 32);
  for (int i = 0; i < 16 * 32; ++i) {
    require(values[static_cast<std::size_t>(i)] == i / 32 * 100 + 31 - i % 32, "buffer");
  }
}

// Every thread adds what its neighbour, in another warp too, had.
__global__ void add_neighbours(int* to, int rounds) {
  __shared__ int values[128];
  __shared__ alignas(Barrier) char storage[sizeof(Barrier)];
  auto& barrier = *reinterpret_cast<Barrier*>(storage);
  start(&barrier, 1, static_cast<int>(blockDim.x));
  int value = 1 + static_cast<int>(blockIdx.x);
  for (int round = 0; round < rounds; ++round) {
    values[threadIdx.x] = value;
    barrier.arrive_and_wait();
    value += values[(threadIdx.x + 33) % blockDim.x];
    auto token = barrier.arrive();
    value += 1;
    barrier.wait(std::move(token));
  }
  to[blockIdx.x * blockDim.x + threadIdx.x] = value;
}

void phases() {
  int* to = device<int>(3 * 128);
  add_neighbours<<<3, 128>>>(to, 5);
  check(wait());
  const std::vector<int> values = take(to, 3 * 128);
  for (std::size_t i = 0; i < values.size(); ++i) {
    int value = 1 + static_cast<int>(i / 128);
    for (int round = 0; round < 5; ++round) value = 2 * value + 1;
    require(values[i] == value, "phases");
  }
}

// A warp leaves after each phase; those that stay go on without it.
__global__ void leave_early(int* to) {
  __shared__ int sum;
  __shared__ alignas(Barrier) char storage[sizeof(Barrier)];
  auto& barrier = *reinterpret_cast<Barrier*>(storage);
  if (threadIdx.x == 0) sum = 0;
  start(&barrier, 1, static_cast<int>(blockDim.x));
  const unsigned warp = threadIdx.x / 32;
  for (unsigned round = 3; round > 0; --round) {
    atomicAdd(&sum, 1);
    if (warp == round) {
      barrier.arrive_and_drop();
      return;
    }
    barrier.arrive_and_wait();
  }
  __syncwarp();  // nobody looks at the barrier any more
  if (threadIdx.x == 0) {
    *to = sum;
    barrier.~Barrier();
  }
}

void drops() {
  int* to = device<int>(1);
  leave_early<<<1, 128>>>(to);
  check(wait());
  require(take(to, 1)[0] == 32 * (4 + 3 + 2), "sum");
}

// One thread arrives for its warp; parities, tokens and times.
__global__ void count_arrivals(int* to) {
  __shared__ int values[64];
  __shared__ alignas(Barrier) char storage[sizeof(Barrier)];
  auto& barrier = *reinterpret_cast<Barrier*>(storage);
  start(&barrier, 1, 64);
  values[threadIdx.x] = static_cast<int>(threadIdx.x);
  __syncwarp();
  if (threadIdx.x % 32 == 0) (void)barrier.arrive(32);
  barrier.wait_parity(false);
  to[threadIdx.x] = values[63 - threadIdx.x];
  constexpr cuda::std::chrono::nanoseconds kAtOnce(0), kBriefly(50);
  bool done = barrier.try_wait_parity_for(true, kAtOnce);  // the second phase is not complete
  auto token = barrier.arrive();
  while (!barrier.try_wait_for(std::move(token), kBriefly)) {
  }
  done = done || !barrier.try_wait_parity_for(true, kAtOnce);
  unsigned pending = 0;
  if (threadIdx.x == 0) {
    asm volatile(
        "{ .reg .b64 token;\n"
        "mbarrier.arrive.noComplete.shared.b64 token, [%1], 62;\n"
        "mbarrier.arrive_drop.noComplete.shared.b64 token, [%1], 1;\n"
        "mbarrier.pending_count.b64 %0, token; }"
        : "=r"(pending)
        : "r"(static_cast<unsigned>(__cvta_generic_to_shared(storage)))
        : "memory");
  }
  to[64 + threadIdx.x] = (done ? 1 : 0) + 2 * static_cast<int>(pending);
}

void counts() {
  int* to = device<int>(128);
  count_arrivals<<<1, 64>>>(to);
  check(wait());
  const std::vector<int> values = take(to, 128);
  for (std::size_t i = 0; i < 64; ++i) {
    require(values[i] == 63 - static_cast<int>(i), "values");
    require(values[64 + i] == (i == 0 ? 4 : 0), "phases");
  }
}

// Each tile is copied while the one before is used.
__global__ void copy_tiles(const int* from, int* to, int tiles) {
  __shared__ alignas(16) int buffer[2][128];
  __shared__ alignas(Barrier) char storage[2 * sizeof(Barrier)];
  auto* const barriers = reinterpret_cast<Barrier*>(storage);
  const auto block = cg::this_thread_block();
  start(barriers, 2, static_cast<int>(blockDim.x));
  const auto copy = [&](int tile) {
    cuda::memcpy_async(block, buffer[tile % 2], from + tile * 128, cuda::aligned_size_t<16>(512),
                       barriers[tile % 2]);
  };
  copy(0);
  for (int tile = 0; tile < tiles; ++tile) {
    if (tile + 1 < tiles) copy(tile + 1);
    barriers[tile % 2].arrive_and_wait();
    to[tile * 128 + static_cast<int>(threadIdx.x)] = buffer[tile % 2][127 - threadIdx.x];
    block.sync();
  }
}

// The same with a pipeline, whose producers are the first warp, or all threads.
template <bool splits>
__global__ void pipe_tiles(const int* from, int* to, int tiles) {
  constexpr int kStages = 2;
  using State = cuda::pipeline_shared_state<cuda::thread_scope_block, kStages>;
  __shared__ alignas(16) int buffer[kStages][128];
  __shared__ alignas(State) char storage[sizeof(State)];
  auto* const state = reinterpret_cast<State*>(storage);
  const auto block = cg::this_thread_block();
  const int i = static_cast<int>(threadIdx.x);
  const auto use = [&](int tile, int thread) {
    to[tile * 128 + thread] = buffer[tile % kStages][127 - thread];
  };
  if constexpr (splits) {
    const bool produces = i < 32;
    auto pipe = cuda::make_pipeline(
        block, state, produces ? cuda::pipeline_role::producer : cuda::pipeline_role::consumer);
    for (int tile = 0; tile < tiles; ++tile) {
      if (produces) {
        pipe.producer_acquire();
        cuda::memcpy_async(buffer[tile % kStages] + 4 * i, from + tile * 128 + 4 * i,
                           cuda::aligned_size_t<16>(16), pipe);
        pipe.producer_commit();
      } else {
        pipe.consumer_wait();
        use(tile, i - 32);
        pipe.consumer_release();
      }
    }
  } else {
    auto pipe = cuda::make_pipeline(block, state);
    int next = 0;
    for (int tile = 0; tile < tiles; ++tile) {
      for (; next < tiles && next < tile + kStages; ++next) {
        pipe.producer_acquire();
        cuda::memcpy_async(block, buffer[next % kStages], from + next * 128,
                           cuda::aligned_size_t<16>(512), pipe);
        pipe.producer_commit();
      }
      pipe.consumer_wait();
      use(tile, i);
      pipe.consumer_release();
    }
  }
}

void tiles_with(void (*kernel)(const int*, int*, int), int threads) {
  constexpr int tiles = 7;
  std::vector<int> values(tiles * 128);
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<int>(i);
  int* from = device(values);
  int* to = device<int>(values.size());
  kernel<<<1, static_cast<unsigned>(threads)>>>(from, to, tiles);
  check(wait());
  check(cudaFree(from));
  const std::vector<int> copied = take(to, values.size());
  for (std::size_t i = 0; i < copied.size(); ++i) {
    require(copied[i] == values[i / 128 * 128 + 127 - i % 128], "tiles");
  }
}

void copies() { tiles_with(copy_tiles, 128); }

void pipelines() {
  tiles_with(pipe_tiles<false>, 128);
  tiles_with(pipe_tiles<true>, 128 + 32);
}

__device__ unsigned tickets;

// What a block's other warps wrote before the barrier is released by the fence of one thread.
__global__ void sum_of_blocks(int* parts, int* to) {
  __shared__ bool last;
  __shared__ alignas(Barrier) char storage[sizeof(Barrier)];
  auto& barrier = *reinterpret_cast<Barrier*>(storage);
  start(&barrier, 1, static_cast<int>(blockDim.x));
  parts[blockIdx.x * blockDim.x + threadIdx.x] = static_cast<int>(threadIdx.x);
  barrier.arrive_and_wait();
  if (threadIdx.x == 0) {
    __threadfence();
    last = atomicInc(&tickets, gridDim.x - 1) == gridDim.x - 1;
    __threadfence();
  }
  barrier.arrive_and_wait();
  if (!last) return;
  int sum = 0;
  for (unsigned block = 0; block < gridDim.x; ++block) {
    sum += parts[block * blockDim.x + (threadIdx.x + 40) % blockDim.x];
  }
  to[threadIdx.x] = sum;
}

void last_block() {
  int* parts = device<int>(4 * 64);
  int* to = device<int>(64);
  sum_of_blocks<<<4, 64>>>(parts, to);
  check(wait());
  check(cudaFree(parts));
  const std::vector<int> sums = take(to, 64);
  for (std::size_t i = 0; i < 64; ++i) {
    require(sums[i] == 4 * static_cast<int>((i + 40) % 64), "sums");
  }
}

}  // namespace

int main(int count, char** arguments) {
  return run_case(count, arguments,
                  {{"producers", producers},
                   {"phases", phases},
                   {"drops", drops},
                   {"counts", counts},
                   {"copies", copies},
                   {"pipelines", pipelines},
                   {"last_block", last_block}});
}
