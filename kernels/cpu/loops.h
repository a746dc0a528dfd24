// SPDX-License-Identifier: MIT
#pragma once

#include <kindling/core/view.h>
#include <kindling/kernels/cpu/isa.h>
#include <kindling/kernels/cpu/threads.h>

#include <cstdint>

namespace kindling::kernels::cpu::KINDLING_ISA {

/// The elements of a view.
template <class T>
__attribute__((always_inline)) inline T* elements(const View& view) {
  return static_cast<T*>(view.data);
}

__attribute__((always_inline)) inline std::int64_t smaller(std::int64_t a, std::int64_t b) {
  return a < b ? a : b;
}

/// Calls function(T()) for the C++ type T of a dtype of floating point.
template <class F>
__attribute__((always_inline)) inline void with_type(DType dtype, const F& function) {
  if (dtype == DType::float32)
    function(float{});
  else
    function(double{});
}

/// The same for any dtype.
template <class F>
__attribute__((always_inline)) inline void with_any_type(DType dtype, const F& function) {
  if (dtype == DType::int64)
    function(std::int64_t{});
  else
    with_type(dtype, function);
}

/// body(i) for each i of [0, n), several at once: no iteration may read what another writes. An
/// output may be one of the inputs, which without the pragma the compiler would have to rule out.
template <class F>
__attribute__((always_inline)) inline void simd_for(std::int64_t n, const F& body) {
#pragma omp simd
  for (std::int64_t i = 0; i < n; ++i) body(i);
}

/// simd_for over pieces that are dealt out to the threads.
template <class F>
__attribute__((always_inline)) inline void parallel_simd_for(std::int64_t n, const F& body) {
  for_each_block(n, kElementsPerBlock, [body](std::int64_t begin, std::int64_t end) {
    simd_for(end - begin, [begin, body](std::int64_t i) { body(begin + i); });
  });
}

/// How many units of `size` elements each make up a block.
inline std::int64_t units_per_block(std::int64_t size) {
  return size >= kElementsPerBlock ? 1 : kElementsPerBlock / (size < 1 ? 1 : size);
}

/// target = value, or target += value
template <class T>
__attribute__((always_inline)) inline void put(T& target, T value, bool accumulate) {
  target = accumulate ? target + value : value;
}

inline constexpr std::int64_t kPiece = 512;  // elements of a buffer that stays in the L1 cache

/// target[0, n) = what compute(out, begin, count) writes to out for the pieces of [0, n), or target
/// += that. So one loop, which overwrites, serves both.
template <class T, class F>
__attribute__((always_inline)) inline void put_pieces(T* target, std::int64_t n, bool accumulate,
                                                      const F& compute) {
  T buffer[kPiece];
  const std::int64_t most = accumulate ? kPiece : n;
  for (std::int64_t begin = 0; begin < n; begin += most) {
    const std::int64_t count = smaller(most, n - begin);
    T* out = target + begin;
    compute(accumulate ? buffer : out, begin, count);
    if (!accumulate) continue;
    const T* addend = buffer;
    simd_for(count, [=](std::int64_t i) { out[i] += addend[i]; });
  }
}

}  // namespace kindling::kernels::cpu::KINDLING_ISA
