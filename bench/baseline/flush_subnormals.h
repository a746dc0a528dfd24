// SPDX-License-Identifier: MIT
#pragma once

#if defined(__SSE__)
#include <immintrin.h>
#endif

namespace kindling::bench {

/// Flushes subnormal numbers to zero in this thread and in those it starts later. Adam's moments
/// of dead units decay into subnormals, which cost a work like B half its speed.
inline void flush_subnormals() {
#if defined(__SSE__)
  constexpr unsigned kFlushToZero = 0x8000;
  constexpr unsigned kDenormalsAreZero = 0x0040;
  _mm_setcsr(_mm_getcsr() | kFlushToZero | kDenormalsAreZero);
#elif defined(__aarch64__)
  constexpr unsigned long kFlushToZero = 1UL << 24;
  unsigned long mode = 0;
  asm volatile("mrs %0, fpcr" : "=r"(mode));
  asm volatile("msr fpcr, %0" : : "r"(mode | kFlushToZero));
#endif
}

}  // namespace kindling::bench
