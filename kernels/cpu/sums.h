// SPDX-License-Identifier: MIT
#pragma once

#include <kindling/kernels/cpu/loops.h>
#include <kindling/kernels/cpu/vector.h>

/// Sums in an order that depends on the size alone: short runs in vector lanes of the dtype, which
/// are then added up in double, and pieces of large sums, one to a thread, in the order of their
/// numbers.
namespace kindling::kernels::cpu::KINDLING_ISA {

inline constexpr std::int64_t kRun = 1024;  // elements added up in the dtype

/// The sum of up to kRun elements.
template <class T>
inline T sum_of_run(const T* x, std::int64_t n) {
  constexpr int width = 4;  // independent sums, to hide the latency of an addition
  constexpr std::int64_t lanes = kLanes<T>;
  T total = 0;
  std::int64_t i = 0;
  if (n >= lanes) {
    Vector<T> sums[width] = {};
    for (; n - i >= width * lanes; i += width * lanes)
      for (int w = 0; w < width; ++w) sums[w] += load(x + i + w * lanes);
    for (; n - i >= lanes; i += lanes) sums[0] += load(x + i);
    total = sum_of_lanes<T>((sums[0] + sums[1]) + (sums[2] + sums[3]));
  }
  for (; i < n; ++i) total += x[i];
  return total;
}

/// The sum of n elements.
template <class T>
inline double sum_of(const T* x, std::int64_t n) {
  double total = 0;
  for (std::int64_t i = 0; i < n; i += kRun)
    total += static_cast<double>(sum_of_run(x + i, smaller(kRun, n - i)));
  return total;
}

inline constexpr std::int64_t kMostParts = 64;

/// Elements of each part when `count` are dealt out in at most kMostParts, none of them small.
inline std::int64_t part_size(std::int64_t count, std::int64_t at_least) {
  const std::int64_t even = (count + kMostParts - 1) / kMostParts;
  return even < at_least ? at_least : even;
}

/// The sum of part(begin, end) over the pieces of [0, count), each of at least `at_least` elements,
/// in parallel.
template <class F>
inline double sum_of_parts(std::int64_t count, std::int64_t at_least, const F& part) {
  const std::int64_t size = part_size(count, at_least);
  if (count <= size) return count == 0 ? 0.0 : part(std::int64_t{0}, count);
  double sums[kMostParts] = {};
  parallel_for((count + size - 1) / size,
               [&](std::int64_t i) { sums[i] = part(i * size, smaller((i + 1) * size, count)); });
  double total = 0;
  for (const double sum : sums) total += sum;
  return total;
}

}  // namespace kindling::kernels::cpu::KINDLING_ISA
