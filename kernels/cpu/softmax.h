// SPDX-License-Identifier: MIT
#pragma once

#include <kindling/kernels/cpu/sums.h>
#include <kindling/kernels/math/softmax.h>

/// Parts of a softmax over n >= 1 neighbouring elements.
namespace kindling::kernels::cpu::KINDLING_ISA {

inline constexpr std::int64_t kCostOfExponential = 4;  // elements of plain work that take as long

/// The largest element; a NaN is passed over unless it stands first, and then spoils the
/// exponentials instead.
template <class T>
inline T largest_of(const T* x, std::int64_t n) {
  constexpr std::int64_t lanes = kLanes<T>;
  T largest = x[0];
  std::int64_t i = 0;
  if (n >= lanes) {
    T best[kLanes<T>];
    for (int lane = 0; lane < kLanes<T>; ++lane) best[lane] = x[lane];
    T* const in_lane = best;
    for (i = lanes; n - i >= lanes; i += lanes) {
      const T* piece = x + i;
      simd_for(lanes, [=](std::int64_t lane) {
        in_lane[lane] = piece[lane] > in_lane[lane] ? piece[lane] : in_lane[lane];
      });
    }
    for (const T value : best) largest = value > largest ? value : largest;
  }
  for (; i < n; ++i) largest = x[i] > largest ? x[i] : largest;
  return largest;
}

/// y = exp(x - shift); returns the sum
template <class T>
inline T exponentials(const T* x, std::int64_t n, T shift, T* y) {
  simd_for(n, [=](std::int64_t i) { y[i] = math::exponential(x[i], shift); });
  return static_cast<T>(sum_of(y, n));
}

/// The same sum without keeping the exponentials.
template <class T>
inline T sum_of_exponentials(const T* x, std::int64_t n, T shift) {
  return static_cast<T>(
      sum_of_values<T>(0, n, [=](std::int64_t begin, std::int64_t count, T* values) {
        simd_for(count,
                 [=](std::int64_t i) { values[i] = math::exponential(x[begin + i], shift); });
      }));
}

}  // namespace kindling::kernels::cpu::KINDLING_ISA
