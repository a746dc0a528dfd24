// SPDX-License-Identifier: MIT
#pragma once

#include <kindling/kernels/cuda/launch.cuh>

/// Every sum of the GPU. A thread adds up short runs in the dtype and runs in double; threads and
/// blocks are added in double, in an order that depends on the size alone. The bounds are those of
/// kernels/commands.h.
namespace kindling::kernels::cuda {

inline constexpr int kRun = 8;  // elements that are added up in the dtype
inline constexpr int kWarps = kThreads / kWarp;

/// A sum of runs of T. Where T is double, the roundings of the additions are summed beside it
/// (Knuth, The Art of Computer Programming 2, 4.2.2, theorem B).
template <class T>
struct Total {
  double sum = 0;
  __device__ void add(double x) { sum += x; }
  __device__ double value() const { return sum; }
};
template <>
struct Total<double> {
  double sum = 0;
  double error = 0;
  __device__ void add(double x) {
    const double next = sum + x;
    const double taken = next - sum;
    error += (sum - (next - taken)) + (x - taken);
    sum = next;
  }
  // Beyond the largest number the error is no number.
  __device__ double value() const { return error == error ? sum + error : sum; }
};

/// The threads that work together on a row: a warp, or the whole block.
template <int kSize>
struct Group {
  static_assert(kSize == kWarp || kSize == kThreads);
  static constexpr int kThreadsOfRow = kSize;
  static constexpr int kInBlock = kThreads / kSize;

  /// The place of the thread in its group, and of the group among all.
  static __device__ int rank() { return static_cast<int>(threadIdx.x) % kSize; }
  static __device__ std::int64_t index() { return thread_index() / kSize; }
  static __device__ std::int64_t count() { return thread_count() / kSize; }

  /// combine(..) of every thread's value, the same for all of them.
  template <class V, class F>
  static __device__ V combined(V value, const F& combine) {
#pragma unroll
    for (int step = kWarp / 2; step > 0; step /= 2)
      value = combine(value, __shfl_xor_sync(0xffffffffu, value, step));
    if constexpr (kSize == kThreads) {
      __shared__ V of_warps[kWarps];
      __syncthreads();  // the last ones have been read
      if (threadIdx.x % kWarp == 0) of_warps[threadIdx.x / kWarp] = value;
      __syncthreads();
      value = of_warps[0];
#pragma unroll
      for (int w = 1; w < kWarps; ++w) value = combine(value, of_warps[w]);
    }
    return value;
  }
  static __device__ double sum(double value) {
    return combined(value, [](double a, double b) { return a + b; });
  }

  /// The sum of value(i) for the i of [begin, end), the same for all threads.
  template <class T, class F>
  static __device__ double sum_of(std::int64_t begin, std::int64_t end, const F& value) {
    Total<T> total;
    for (std::int64_t i = begin + rank(); i < end; i += kRun * kSize) {
      T run = value(i);
#pragma unroll
      for (int k = 1; k < kRun; ++k) {
        const std::int64_t next = i + k * kSize;
        if (next < end) run += value(next);
      }
      total.add(static_cast<double>(run));
    }
    return sum(total.value());
  }
};
using Warp = Group<kWarp>;
using Block = Group<kThreads>;

/// The sum of every thread's part over all blocks: store(sum) is called by one thread. partials
/// [blocks]
template <class F>
__device__ void sum_over_blocks(double part, double* partials, std::uint32_t* ticket,
                                const F& store) {
  const double of_block = Block::sum(part);
  if (threadIdx.x == 0) partials[blockIdx.x] = of_block;
  if (!last_to_arrive(ticket, gridDim.x)) return;
  const double all = Block::sum_of<double>(
      0, gridDim.x, [partials](std::int64_t i) { return __ldcg(partials + i); });
  if (threadIdx.x == 0) store(all);
}

}  // namespace kindling::kernels::cuda
