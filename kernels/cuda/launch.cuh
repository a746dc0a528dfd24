// SPDX-License-Identifier: MIT
#pragma once

#include <kindling/core/view.h>
#include <kindling/kernels/cuda/check.h>
#include <kindling/kernels/cuda/context.h>
#include <kindling/kernels/cuda/kernels.h>

#include <algorithm>
#include <cstdint>

/// What all kernels share: how they are launched, and how they walk over elements.
namespace kindling::kernels::cuda {

inline constexpr int kThreads = 256;  // of a block
inline constexpr int kWarp = 32;

/// How many blocks of a kernel for T shall fit on a multiprocessor: what leaves a thread 64
/// registers, or 128 of float64, whose numbers take two. Where nothing is said the compiler aims at
/// more blocks, and may spill registers for it.
template <class T>
inline constexpr int kBlocks = sizeof(T) == sizeof(float) ? 4 : 2;

/// Launches kernel(arguments...) after what was launched before. A failure is a CudaError that
/// names the command.
template <class... Parameters, class... Arguments>
void launch(const Context& context, const char* command, void (*kernel)(Parameters...), dim3 grid,
            dim3 block, const Arguments&... arguments) {
  kernel<<<grid, block, 0, context.stream()>>>(arguments...);
  check(cudaGetLastError(), command);
}

/// Blocks for n units of work, `each` of them a block. The cap depends on nothing but n, so that
/// sums made by blocks are the same on every GPU; what lies beyond is walked in strides.
inline unsigned blocks_for(std::int64_t n, std::int64_t each, std::int64_t most = 2048) {
  return static_cast<unsigned>(std::clamp<std::int64_t>((n + each - 1) / each, 1, most));
}

template <class T>
__host__ __device__ T* elements(const View& view) {
  return static_cast<T*>(view.data);
}

/// Calls function(T()) for the C++ type T of a dtype of floating point.
template <class F>
void with_type(DType dtype, const F& function) {
  if (dtype == DType::float32)
    function(float{});
  else
    function(double{});
}

/// The same for any dtype.
template <class F>
void with_any_type(DType dtype, const F& function) {
  if (dtype == DType::int64)
    function(std::int64_t{});
  else
    with_type(dtype, function);
}

/// 16 bytes of elements, which one instruction loads or stores.
template <class T>
struct alignas(16) Pack {
  static constexpr int kSize = 16 / sizeof(T);
  T values[kSize];
};

/// Whether packs can start at all of these; a nullptr is not in the way.
template <class... T>
__host__ __device__ bool aligned(const T*... data) {
  return ((reinterpret_cast<std::uintptr_t>(data) % sizeof(Pack<double>) == 0) && ...);
}

// An address that was itself read from memory could be of any kind, as far as the compiler sees.
template <class T>
__device__ __forceinline__ Pack<T> load_pack(const T* data) {
  __builtin_assume(__isGlobal(data));
  return *reinterpret_cast<const Pack<T>*>(data);
}
template <class T>
__device__ __forceinline__ void store_pack(T* data, const Pack<T>& pack) {
  __builtin_assume(__isGlobal(data));
  *reinterpret_cast<Pack<T>*>(data) = pack;
}

// Of the first dimension; blocks_for() keeps both within 32 bits, and so in one register each.
__device__ __forceinline__ std::int64_t thread_index() {
  return blockIdx.x * blockDim.x + threadIdx.x;
}
__device__ __forceinline__ std::int64_t thread_count() { return gridDim.x * blockDim.x; }

/// target = value, or target += value
template <class T>
__device__ __forceinline__ void put(T& target, T value, bool accumulate) {
  target = accumulate ? target + value : value;
}

/// a / b for 0 <= a and 0 < b, in 32 bits where they suffice.
__device__ __forceinline__ std::int64_t quotient(std::int64_t a, std::int64_t b) {
  if (((a | b) >> 32) == 0) return static_cast<std::uint32_t>(a) / static_cast<std::uint32_t>(b);
  return a / b;
}

/// y[i] (+)= f(i, x[i]...) for i of [0, n), in packs where all of them are aligned.
template <class T, class F, class... X>
__global__ void __launch_bounds__(kThreads, kBlocks<T>)
    map(F f, std::int64_t n, bool packs, bool accumulate, T* y, const X*... x) {
  constexpr int size = Pack<T>::kSize;
  const std::int64_t whole = packs ? n / size : 0;
  for (std::int64_t p = thread_index(); p < whole; p += thread_count()) {
    const std::int64_t begin = p * size;
    Pack<T> out;
    if (accumulate) out = load_pack(y + begin);
    const auto compute = [&](const Pack<X>&... in) {
#pragma unroll
      for (int k = 0; k < size; ++k) put(out.values[k], f(begin + k, in.values[k]...), accumulate);
    };
    compute(load_pack(x + begin)...);
    store_pack(y + begin, out);
  }
  for (std::int64_t i = whole * size + thread_index(); i < n; i += thread_count())
    put(y[i], f(i, x[i]...), accumulate);
}

/// The kernel above. An input that is nullptr may not be read.
template <class T, class F, class... X>
void launch_map(const Context& context, const char* command, const F& f, std::int64_t n,
                bool accumulate, T* y, const X*... x) {
  if (n == 0) return;
  launch(context, command, map<T, F, X...>, blocks_for(n, kThreads * Pack<T>::kSize), kThreads, f,
         n, aligned(y, x...), accumulate, y, x...);
}

/// Whether this block is the last of `blocks` that arrive at the ticket. What the others wrote
/// before they arrived can be read by it, and what they read be written. To be called by all
/// threads of the block, once a launch; leaves the ticket zero.
__device__ __forceinline__ bool last_to_arrive(std::uint32_t* ticket, unsigned blocks) {
  __shared__ bool last;
  __threadfence();
  __syncthreads();
  if (threadIdx.x == 0) {
    last = atomicAdd(ticket, 1u) == blocks - 1;
    if (last) *ticket = 0;
    __threadfence();
  }
  __syncthreads();
  return last;
}

}  // namespace kindling::kernels::cuda
