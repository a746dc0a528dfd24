// SPDX-License-Identifier: MIT
// Several threads read, something orders them, and the owner of each word reads it again and writes
// it: clean after every kind of synchronisation, and a race where that is too narrow or left out.
// case block: race in in_block "the reads by several warps"
// case block_repaired: clean
// case named: race in in_block "the reads by several warps"
// case named_repaired: clean
// case warp: race in in_block "the read by thread"
// case warp_repaired: clean
// case tile: race in in_block "the read by thread"
// case tile_repaired: clean
// case shuffle: race in in_block "the read by thread"
// case shuffle_repaired: clean
// case arrival: race in in_block "without an order after the read by thread"
// case arrival_repaired: clean
// case overwritten: clean
// case stages: race in in_stages "the reads by several warps"
// case stages_repaired: clean
// case grid: race in in_grid "without an order after the reads by several warps"
// case grid_repaired: clean
// case ticket: race in last_updates "the reads by several blocks"
// case ticket_early: race in last_updates "the reads by several blocks"
// case ticket_alone: race in last_updates "the reads by several blocks"
// case ticket_repaired: clean
// case count: race in after_readers "the reads by several blocks"
// case count_repaired: clean
// case relaxed: race in after_readers "the reads by several blocks"
// case lock: race in in_lock "the reads by several blocks"
// case lock_repaired: clean
#include "tests/emulator/tests/block_barrier.h"
#include "tests/emulator/tests/case.h"

#include <cooperative_groups.h>
#include <cuda/atomic>

#include <utility>

namespace cg = cooperative_groups;

enum class Meeting { block, named, warp, tile, shuffle, arrival };

constexpr unsigned kThreads = 128;

// How many threads next to each other read each other's words and then meet.
__host__ __device__ constexpr unsigned group_of(Meeting meeting) {
  switch (meeting) {
    case Meeting::block:
    case Meeting::arrival:
      return kThreads;
    case Meeting::named:
      return 64;
    case Meeting::tile:
      return 16;
    default:
      return 32;
  }
}

template <Meeting meeting, bool repaired>
__device__ void meet(Barrier& barrier) {
  const unsigned group = repaired ? group_of(meeting) : group_of(meeting) / 2;
  const unsigned number = threadIdx.x / group;
  if constexpr (meeting == Meeting::arrival) {
    auto token = barrier.arrive();
    if (repaired) barrier.wait(std::move(token));
  } else if constexpr (meeting == Meeting::warp) {
    __syncwarp(repaired ? ~0u : 0xffffu << threadIdx.x % 32 / 16 * 16);
  } else if constexpr (meeting == Meeting::tile) {
    cg::tiled_partition<group_of(meeting) / (repaired ? 1 : 2)>(cg::this_thread_block()).sync();
  } else if constexpr (meeting == Meeting::shuffle) {
    __shfl_xor_sync(repaired ? ~0u : 0xffffu << threadIdx.x % 32 / 16 * 16, 1, 1);
  } else if (group < kThreads) {
    asm volatile("bar.sync %0, %1;" : : "r"(number + 1), "r"(group) : "memory");
  } else {
    __syncthreads();
  }
}

template <Meeting meeting, bool repaired, bool overwrites = false>
__global__ void in_block(int* data) {
  __shared__ int words[kThreads];
  __shared__ alignas(Barrier) char storage[sizeof(Barrier)];
  auto& barrier = *reinterpret_cast<Barrier*>(storage);
  const unsigned i = threadIdx.x, group = group_of(meeting), first = i / group * group;
  words[i] = data[i];
  start(&barrier, 1, kThreads);
  int sum = 0;
  for (unsigned k = 0; k < group; ++k) sum += words[first + k];
  meet<meeting, repaired>(barrier);
  words[i] = sum + (overwrites ? 0 : words[i]);  // <- block named warp tile shuffle arrival
  __syncthreads();
  data[i] = words[kThreads - 1 - i];
}

// Warp 0 updates what the others read, one of two stages while they are at the other.
template <bool repaired>
__global__ void in_stages(int* data) {
  __shared__ int stage[2][32];
  __shared__ alignas(Barrier) char storage[4][sizeof(Barrier)];
  auto* const filled = reinterpret_cast<Barrier*>(storage);
  auto* const freed = filled + 2;
  const unsigned lane = threadIdx.x % 32;
  if (threadIdx.x < 32) stage[0][lane] = stage[1][lane] = 0;
  start(filled, 4, kThreads);
  int sum = 0;
  if (threadIdx.x >= 32) {
    for (unsigned s = 0; s < 2; ++s) (void)freed[s].arrive();
  }
  for (unsigned round = 0; round < 6; ++round) {
    const unsigned s = round % 2;
    if (threadIdx.x < 32) {
      freed[s].arrive_and_wait();
      stage[s][lane] += 1;  // <- stages
      (void)filled[s].arrive();
    } else {
      filled[s].arrive_and_wait();
      if (!repaired) (void)freed[s].arrive();
      for (unsigned k = 0; k < 32; ++k) sum += stage[s][k];
      if (repaired) (void)freed[s].arrive();
    }
  }
  data[threadIdx.x] = sum;
}

template <bool repaired>
__global__ void in_grid(int* data, int* to) {
  const unsigned i = blockIdx.x * blockDim.x + threadIdx.x, n = gridDim.x * blockDim.x;
  for (int phase = 0; phase < 2; ++phase) {
    int sum = 0;
    for (unsigned k = 0; k < n; ++k) sum += data[k];
    if (repaired) cg::this_grid().sync();
    data[i] += sum;  // <- grid
    cg::this_grid().sync();
  }
  to[i] = data[n - 1 - i];
}

enum class Ticket { right, before_the_others, without_fence, for_itself };

// An update in one launch: every thread reads the records, and the last block advances them.
template <Ticket how>
__global__ void last_updates(int* data, int* records, unsigned* ticket) {
  __shared__ bool last;
  int sum = 0;
  for (int k = 0; k < 32; ++k) sum += records[k];
  data[blockIdx.x * blockDim.x + threadIdx.x] += sum;
  if (how != Ticket::before_the_others) __syncthreads();
  if (threadIdx.x == 0) {
    if (how != Ticket::without_fence) __threadfence();
    last = atomicInc(ticket, gridDim.x - 1) == gridDim.x - 1;
    __threadfence();
  }
  if (how == Ticket::for_itself) {
    __syncwarp();
    if (threadIdx.x == 0 && last) records[1] += 1;
    if (threadIdx.x == 32 && blockIdx.x == gridDim.x - 1) records[0] += 1;  // <- ticket_alone
    return;
  }
  __syncthreads();
  if (last && threadIdx.x < 32) records[threadIdx.x] += 1;  // <- ticket ticket_early
}

// Block 0 waits until the others have read, or, `early`, are about to.
template <bool early, cuda::memory_order order>
__global__ void after_readers(int* data, int* count, int* to) {
  cuda::atomic_ref<int, cuda::thread_scope_device> readers(*count);
  if (blockIdx.x != 0) {
    if (early) readers.fetch_add(1, order);
    to[blockIdx.x] = *data;
    if (!early) readers.fetch_add(1, order);
    return;
  }
  constexpr bool relaxed = order == cuda::memory_order_relaxed;
  while (readers.load(relaxed ? order : cuda::memory_order_acquire) < 3) {
  }
  *data += 1;  // <- count relaxed
}

template <bool repaired>
__global__ void in_lock(int* data, int* mutex, int* to) {
  while (atomicCAS(mutex, 0, 1) != 0) {
  }
  __threadfence();
  if (repaired) to[blockIdx.x] = *data;
  if (blockIdx.x == 3) *data += 1;  // <- lock
  __threadfence();
  atomicExch(mutex, 0);
  if (!repaired) to[blockIdx.x] = *data;
}

template <Meeting meeting, bool repaired, bool overwrites = false>
void block_with() {
  int* data = device(std::vector<int>(kThreads, 1));
  in_block<meeting, repaired, overwrites><<<1, kThreads>>>(data);
  check(wait());
  const int sum = static_cast<int>(group_of(meeting)) + (overwrites ? 0 : 1);
  for (const int value : take(data, kThreads)) require(!repaired || value == sum, "in a block");
}

template <bool repaired>
void stages_with() {
  int* data = device<int>(kThreads);
  in_stages<repaired><<<1, kThreads>>>(data);
  check(wait());
  require(!repaired || take(data, kThreads)[40] == 32 * 2 * (1 + 2 + 3), "stages");
  if (!repaired) cudaFree(data);
}

template <bool repaired>
void grid_with() {
  int* data = device(std::vector<int>(4 * 64, 1));
  int* to = device<int>(4 * 64);
  void* arguments[] = {&data, &to};
  check(cudaLaunchCooperativeKernel(in_grid<repaired>, dim3(4), dim3(64), arguments, 0, nullptr));
  check(wait());
  cudaFree(data);
  require(take(to, 4 * 64)[9] == 257 * 257 || !repaired, "phases of a grid");
}

template <Ticket how>
void ticket_with() {
  int* data = device<int>(4 * 64);
  int* records = device<int>(32);
  auto* ticket = device<unsigned>(1);
  for (int step = 0; step < 3; ++step) last_updates<how><<<4, 64>>>(data, records, ticket);
  check(wait());
  cudaFree(ticket);
  const int sum = take(data, 4 * 64)[70], record = take(records, 32)[5];
  require(how != Ticket::right || (sum == 32 * (0 + 1 + 2) && record == 3), "the last block");
}

template <class Kernel>
void readers_with(Kernel kernel) {
  int* data = device<int>(1);
  int* state = device<int>(1);
  int* to = device<int>(4);
  kernel<<<4, 1>>>(data, state, to);
  check(wait());
  cudaFree(state);
  cudaFree(to);
  require(take(data, 1)[0] == 1, "readers");
}

int main(int count, char** arguments) {
  constexpr auto kRelease = cuda::memory_order_release, kRelaxed = cuda::memory_order_relaxed;
  return run_case(count, arguments,
                  {{"block", block_with<Meeting::block, false>},
                   {"block_repaired", block_with<Meeting::block, true>},
                   {"named", block_with<Meeting::named, false>},
                   {"named_repaired", block_with<Meeting::named, true>},
                   {"warp", block_with<Meeting::warp, false>},
                   {"warp_repaired", block_with<Meeting::warp, true>},
                   {"tile", block_with<Meeting::tile, false>},
                   {"tile_repaired", block_with<Meeting::tile, true>},
                   {"shuffle", block_with<Meeting::shuffle, false>},
                   {"shuffle_repaired", block_with<Meeting::shuffle, true>},
                   {"arrival", block_with<Meeting::arrival, false>},
                   {"arrival_repaired", block_with<Meeting::arrival, true>},
                   {"overwritten", block_with<Meeting::arrival, true, true>},
                   {"stages", stages_with<false>},
                   {"stages_repaired", stages_with<true>},
                   {"grid", grid_with<false>},
                   {"grid_repaired", grid_with<true>},
                   {"ticket", ticket_with<Ticket::without_fence>},
                   {"ticket_early", ticket_with<Ticket::before_the_others>},
                   {"ticket_alone", ticket_with<Ticket::for_itself>},
                   {"ticket_repaired", ticket_with<Ticket::right>},
                   {"count", [] { readers_with(after_readers<true, kRelease>); }},
                   {"count_repaired", [] { readers_with(after_readers<false, kRelease>); }},
                   {"relaxed", [] { readers_with(after_readers<false, kRelaxed>); }},
                   {"lock", [] { readers_with(in_lock<false>); }},
                   {"lock_repaired", [] { readers_with(in_lock<true>); }}});
}
