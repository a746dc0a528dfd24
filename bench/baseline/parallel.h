// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstdint>

#ifdef _OPENMP
#include <omp.h>
#endif

namespace kindling::bench {

inline int& thread_count() {
  static int count = 1;
  return count;
}

inline void set_thread_count([[maybe_unused]] int count) {
#ifdef _OPENMP
  thread_count() = count;
  omp_set_num_threads(count);
#endif
}

/// Calls body(first, last) on parts of [0, count), in multiples of 16, one part per thread;
/// `elements` is the whole work, and a small one stays on this thread.
template <class Body>
void parallel_ranges(std::int64_t count, std::int64_t elements, Body body) {
  constexpr std::int64_t kParallelElements = 65536;
  const std::int64_t threads = thread_count();
  if (threads == 1 || elements < kParallelElements) {
    body(std::int64_t{0}, count);
    return;
  }
  const std::int64_t part = ((count + threads - 1) / threads + 15) / 16 * 16;
#ifdef _OPENMP
#pragma omp parallel for schedule(static, 1)
#endif
  for (std::int64_t thread = 0; thread < threads; ++thread) {
    const std::int64_t first = std::min(count, thread * part);
    const std::int64_t last = std::min(count, first + part);
    if (first < last) body(first, last);
  }
}

}  // namespace kindling::bench
