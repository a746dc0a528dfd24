// SPDX-License-Identifier: MIT
// The device code of NVIDIA's libraries: CUB, cuRAND, libcu++, cooperative groups.
// case whole_device: clean
// case sort: clean
// case padded: clean
// case random: clean
// case hand_over: clean
// case groups: clean
#include "tests/emulator/tests/case.h"

#include <cooperative_groups.h>
#include <cooperative_groups/memcpy_async.h>
#include <cooperative_groups/reduce.h>
#include <cooperative_groups/scan.h>
#include <cub/device/device_histogram.cuh>
#include <cub/device/device_radix_sort.cuh>
#include <cub/device/device_reduce.cuh>
#include <cub/device/device_scan.cuh>
#include <cub/device/device_select.cuh>
#include <cuda/atomic>
#include <cuda/barrier>
#include <cuda/semaphore>

#include <algorithm>
#include <iterator>
#include <numeric>
#include <random>

// The generators run on the host too, where they say what is right.
#define QUALIFIERS static inline __host__ __device__
#include <curand_kernel.h>

namespace cg = cooperative_groups;

namespace {

constexpr int kCount = 30001;

std::vector<int> numbers() {
  std::mt19937 random(1);
  std::vector<int> values(kCount);
  for (int& value : values) value = static_cast<int>(random() % 1000);
  return values;
}

// A call of CUB says first how much temporary memory it needs.
template <class Call>
void with_memory(Call call) {
  std::size_t bytes = 0;
  check(call(nullptr, bytes));
  void* memory = nullptr;
  check(cudaMalloc(&memory, bytes));
  check(call(memory, bytes));
  check(wait());
  check(cudaFree(memory));
}

struct IsEven {
  __host__ __device__ bool operator()(int value) const { return value % 2 == 0; }
};

void whole_device() {
  const std::vector<int> values = numbers();
  int* from = device(values);
  int* to = device<int>(kCount);
  int* total = device<int>(1);
  with_memory([&](void* memory, std::size_t& bytes) {
    return cub::DeviceReduce::Sum(memory, bytes, from, total, kCount);
  });
  require(take(total, 1)[0] == std::accumulate(values.begin(), values.end(), 0), "sum");

  // Blocks wait for those before them.
  with_memory([&](void* memory, std::size_t& bytes) {
    return cub::DeviceScan::InclusiveSum(memory, bytes, from, to, kCount);
  });
  std::vector<int> expected;
  std::partial_sum(values.begin(), values.end(), std::back_inserter(expected));
  require(take(to, kCount) == expected, "scan");

  to = device<int>(kCount);
  total = device<int>(1);
  with_memory([&](void* memory, std::size_t& bytes) {
    return cub::DeviceSelect::If(memory, bytes, from, to, total, kCount, IsEven{});
  });
  expected.clear();
  std::copy_if(values.begin(), values.end(), std::back_inserter(expected), IsEven{});
  expected.resize(kCount);
  require(take(to, kCount) == expected, "selection");
  check(cudaFree(total));

  int* histogram = device<int>(10);
  with_memory([&](void* memory, std::size_t& bytes) {
    return cub::DeviceHistogram::HistogramEven(memory, bytes, from, histogram, 11, 0, 1000, kCount);
  });
  expected.assign(10, 0);
  for (const int value : values) ++expected[static_cast<std::size_t>(value / 100)];
  require(take(histogram, 10) == expected, "histogram");
  check(cudaFree(from));
}

struct Best {
  int at;
  double value;
  static __host__ __device__ Best of(Best a, Best b) { return b.value > a.value ? b : a; }
};
struct Greater {
  __host__ __device__ Best operator()(Best a, Best b) const { return Best::of(a, b); }
};
__global__ void number_all(const int* from, Best* to, int count) {
  for (int i = static_cast<int>(threadIdx.x); i < count; i += static_cast<int>(blockDim.x)) {
    to[i].at = i;
    to[i].value = from[i];
  }
}

// Structs with padding that nobody writes, in temporary memory and in the result.
void padded() {
  std::vector<int> values = numbers();
  values[4000] = 1000;
  int* from = device(values);
  Best *pairs = nullptr, *best = nullptr;
  check(cudaMalloc(&pairs, values.size() * sizeof(Best)));
  check(cudaMalloc(&best, sizeof(Best)));
  number_all<<<1, 128>>>(from, pairs, kCount);
  with_memory([&](void* memory, std::size_t& bytes) {
    return cub::DeviceReduce::Reduce(memory, bytes, pairs, best, kCount, Greater(), Best{0, -1});
  });
  check(cudaFree(from));
  check(cudaFree(pairs));
  require(take(best, 1)[0].at == 4000, "the greatest");
}

void sort() {
  std::vector<int> values = numbers();
  int* from = device(values);
  int* to = device<int>(kCount);
  with_memory([&](void* memory, std::size_t& bytes) {
    return cub::DeviceRadixSort::SortKeys(memory, bytes, from, to, kCount);
  });
  check(cudaFree(from));
  std::sort(values.begin(), values.end());
  require(take(to, kCount) == values, "sort");
}

struct Draw {
  unsigned bits;
  float uniform;
};
template <class State>
__host__ __device__ Draw draw(unsigned long long sequence) {
  State state;
  curand_init(1234, sequence, 5, &state);
  const unsigned bits = curand(&state);
  return {bits, curand_uniform(&state)};
}
template <class State>
__global__ void draw_all(Draw* to) {
  to[threadIdx.x] = draw<State>(threadIdx.x);
}

template <class State>
void compare_draws() {
  Draw* to = device<Draw>(64);
  draw_all<State><<<1, 64>>>(to);
  check(wait());
  const std::vector<Draw> drawn = take(to, 64);
  for (std::size_t i = 0; i < drawn.size(); ++i) {
    const Draw expected = draw<State>(i);
    require(drawn[i].bits == expected.bits && drawn[i].uniform == expected.uniform, "draws");
  }
}

void random_numbers() {
  compare_draws<curandStateXORWOW_t>();
  compare_draws<curandStatePhilox4_32_10_t>();
}

using Flag = cuda::atomic_ref<int, cuda::thread_scope_device>;

__global__ void message(int* data, int* flag, int* to) {
  if (threadIdx.x != 0) return;
  if (blockIdx.x == 0) {
    Flag(*flag).wait(0);
    *to = *data;
  } else {
    *data = 42;
    Flag(*flag).store(1);
    Flag(*flag).notify_all();
  }
}

__device__ cuda::binary_semaphore<cuda::thread_scope_device> semaphore{1};

__global__ void count(int* data, int*, int* to) {
  if (threadIdx.x % 32 == 0) {
    semaphore.acquire();  // six warps
    *data += 7;
    *to = *data;
    semaphore.release();
  }
}

using GridBarrier = cuda::barrier<cuda::thread_scope_device>;
__device__ alignas(GridBarrier) char barrier_storage[sizeof(GridBarrier)];

__global__ void make_barrier(int arrivals) {
  init(reinterpret_cast<GridBarrier*>(barrier_storage), arrivals);
}
__global__ void meet(int* data, int* to) {
  data[blockIdx.x] = static_cast<int>(blockIdx.x) * 14;
  reinterpret_cast<GridBarrier*>(barrier_storage)->arrive_and_wait();
  if (blockIdx.x == 0) *to = data[3];
}

void hand_over() {
  for (const auto kernel : {message, count}) {
    int* data = device<int>(1);
    int* flag = device<int>(1);
    int* to = device<int>(1);
    kernel<<<2, 96>>>(data, flag, to);
    check(wait());
    check(cudaFree(data));
    check(cudaFree(flag));
    require(take(to, 1)[0] == 42, "message, semaphore");
  }
  int* data = device<int>(4);
  int* to = device<int>(1);
  void* arguments[] = {&data, &to};
  make_barrier<<<1, 1>>>(4);
  check(cudaLaunchCooperativeKernel(meet, dim3(4), dim3(1), arguments, 0, nullptr));
  check(wait());
  check(cudaFree(data));
  require(take(to, 1)[0] == 42, "barrier of a grid");
}

__global__ void group_all(const int* from, int* to) {
  __shared__ alignas(16) int buffer[64];
  const auto tile = cg::tiled_partition<32>(cg::this_thread_block());
  const auto start = static_cast<int>(tile.meta_group_rank()) * 32;
  // Eight lanes copy; the others repeat the last part.
  cg::memcpy_async(tile, buffer + start, from + start, cuda::aligned_size_t<16>(128));
  cg::wait(tile);
  const int rank = static_cast<int>(tile.thread_rank()), i = start + rank;
  to[i] = buffer[start + 31 - rank];
  to[64 + i] = cg::exclusive_scan(tile, buffer[i], cg::plus<int>());
  const auto third = cg::labeled_partition(tile, i % 3);
  to[128 + i] = cg::reduce(third, buffer[i], cg::less<int>());
}

void groups() {
  std::vector<int> values = numbers();
  values.resize(64);
  int* from = device(values);
  int* to = device<int>(192);
  group_all<<<1, 64>>>(from, to);
  check(wait());
  check(cudaFree(from));
  const std::vector<int> all = take(to, 192);
  for (std::size_t i = 0; i < 64; ++i) {
    const std::size_t start = i / 32 * 32;
    require(all[i] == values[start + 31 - i % 32], "copy of a tile");
    const auto first = values.begin() + static_cast<std::ptrdiff_t>(start);
    const auto own = values.begin() + static_cast<std::ptrdiff_t>(i);
    require(all[64 + i] == std::accumulate(first, own, 0), "scan of a tile");
    int least = 1000;
    for (std::size_t j = start; j < start + 32; ++j) {
      if (j % 3 == i % 3) least = std::min(least, values[j]);
    }
    require(all[128 + i] == least, "lanes with a label");
  }
}

}  // namespace

int main(int count, char** arguments) {
  return run_case(count, arguments,
                  {{"whole_device", whole_device},
                   {"sort", sort},
                   {"padded", padded},
                   {"random", random_numbers},
                   {"hand_over", hand_over},
                   {"groups", groups}});
}
