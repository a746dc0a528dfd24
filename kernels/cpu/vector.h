// SPDX-License-Identifier: MIT
#pragma once

#include <kindling/kernels/cpu/isa.h>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <utility>

#if defined(__AVX512F__)
#include <immintrin.h>
#endif

namespace kindling::kernels::cpu::KINDLING_ISA {

/// A vector register of floats or doubles; + - * / work on all lanes, with a scalar too.
template <class T>
struct VectorOf;
template <>
struct VectorOf<float> {
  using type __attribute__((vector_size(kVectorBytes))) = float;
};
template <>
struct VectorOf<double> {
  using type __attribute__((vector_size(kVectorBytes))) = double;
};
template <class T>
using Vector = typename VectorOf<T>::type;

template <class T>
inline constexpr int kLanes = kVectorBytes / static_cast<int>(sizeof(T));

template <class T>
__attribute__((always_inline)) inline Vector<T> load(const T* data) {
  Vector<T> vector;
  std::memcpy(&vector, data, sizeof vector);
  return vector;
}

template <class T>
__attribute__((always_inline)) inline void store(T* data, Vector<T> vector) {
  std::memcpy(data, &vector, sizeof vector);
}

/// Loads and stores the first `count` lanes, 0 <= count <= kLanes, and touches no other memory; the
/// rest of a loaded vector is zero.
template <class T>
__attribute__((always_inline)) inline Vector<T> load_part(const T* data, std::int64_t count) {
#if defined(__AVX512F__)
  if constexpr (sizeof(T) == 4)
    return (Vector<T>)_mm512_maskz_loadu_ps(static_cast<__mmask16>((1u << count) - 1), data);
  else
    return (Vector<T>)_mm512_maskz_loadu_pd(static_cast<__mmask8>((1u << count) - 1), data);
#else
  Vector<T> vector{};
  for (int i = 0; i < kLanes<T>; ++i)
    if (i < count) vector[i] = data[i];
  return vector;
#endif
}
template <class T>
__attribute__((always_inline)) inline void store_part(T* data, Vector<T> vector,
                                                      std::int64_t count) {
#if defined(__AVX512F__)
  if constexpr (sizeof(T) == 4)
    _mm512_mask_storeu_ps(data, static_cast<__mmask16>((1u << count) - 1), (__m512)vector);
  else
    _mm512_mask_storeu_pd(data, static_cast<__mmask8>((1u << count) - 1), (__m512d)vector);
#else
  for (int i = 0; i < kLanes<T>; ++i)
    if (i < count) data[i] = vector[i];
#endif
}

/// The sum of the lanes: halves are added until one is left.
template <class T>
__attribute__((always_inline)) inline T sum_of_lanes(Vector<T> vector) {
  T lanes[std::size_t{kLanes<T>}];
  store(lanes, vector);
  for (int half = kLanes<T> / 2; half > 0; half /= 2)
    for (int i = 0; i < half; ++i) lanes[i] += lanes[i + half];
  return lanes[0];
}

/// As many elements as a vector of doubles has, as doubles.
__attribute__((always_inline)) inline Vector<double> load_as_double(const float* data) {
  float __attribute__((vector_size(kVectorBytes / 2))) vector;
  std::memcpy(&vector, data, sizeof vector);
  return __builtin_convertvector(vector, Vector<double>);
}
__attribute__((always_inline)) inline Vector<double> load_as_double(const double* data) {
  return load(data);
}

/// A vector of doubles with the same sum of lanes: that of both halves.
__attribute__((always_inline)) inline Vector<double> halves_added(Vector<float> vector) {
  float lanes[kLanes<float>];
  store(lanes, vector);
  return load_as_double(lanes) + load_as_double(lanes + kLanes<double>);
}
__attribute__((always_inline)) inline Vector<double> halves_added(Vector<double> vector) {
  return vector;
}

/// a0 b0 a1 b1 ... of the first (part 0) or second (part 1) halves of a and b.
template <class T, int part, int... lane>
__attribute__((always_inline)) inline Vector<T> interleave(Vector<T> a, Vector<T> b,
                                                           std::integer_sequence<int, lane...>) {
  constexpr int half = kLanes<T> / 2;
  return __builtin_shufflevector(a, b, (part * half + lane / 2 + (lane % 2) * kLanes<T>)...);
}

/// Lane i + by of the vector in lane i, around the end.
template <class T, int by, int... lane>
__attribute__((always_inline)) inline Vector<T> rotate(Vector<T> vector,
                                                       std::integer_sequence<int, lane...>) {
  return __builtin_shufflevector(vector, vector, ((lane + by) % kLanes<T>)...);
}

/// Transposes a square of kLanes rows in registers. Each round interleaves row i with row i +
/// kLanes / 2, which moves the top bit of the row number to the bottom of the column number; after
/// log2(kLanes) rounds they have changed places.
template <class T>
__attribute__((always_inline)) inline void transpose(Vector<T> (&rows)[std::size_t{kLanes<T>}]) {
  constexpr int lanes = kLanes<T>;
  constexpr std::make_integer_sequence<int, lanes> all{};
  for (int round = 1; round < lanes; round *= 2) {
    Vector<T> next[std::size_t{kLanes<T>}];
    for (int i = 0; i < lanes / 2; ++i) {
      next[2 * i] = interleave<T, 0>(rows[i], rows[i + lanes / 2], all);
      next[2 * i + 1] = interleave<T, 1>(rows[i], rows[i + lanes / 2], all);
    }
    for (int i = 0; i < lanes; ++i) rows[i] = next[i];
  }
}

}  // namespace kindling::kernels::cpu::KINDLING_ISA
