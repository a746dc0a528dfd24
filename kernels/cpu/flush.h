// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

#if defined(__x86_64__)
#include <xmmintrin.h>
#endif

namespace kindling::kernels::cpu {

/// The processor's floating-point control register, and its bits that flush subnormal numbers to
/// zero.
#if defined(__x86_64__)
using FloatMode = std::uint32_t;
inline constexpr FloatMode kFlushBits =
    0x8040;  // MXCSR: flush results to zero, take operands as zero
__attribute__((always_inline)) inline FloatMode float_mode() noexcept { return _mm_getcsr(); }
__attribute__((always_inline)) inline void set_float_mode(FloatMode mode) noexcept {
  _mm_setcsr(mode);
}
#elif defined(__aarch64__)
using FloatMode = std::uint64_t;
inline constexpr FloatMode kFlushBits = FloatMode{1} << 24;  // FPCR.FZ
__attribute__((always_inline)) inline FloatMode float_mode() noexcept {
  FloatMode mode;
  asm volatile("mrs %0, fpcr" : "=r"(mode));
  return mode;
}
__attribute__((always_inline)) inline void set_float_mode(FloatMode mode) noexcept {
  asm volatile("msr fpcr, %0" : : "r"(mode));
}
#else
using FloatMode = std::uint32_t;
inline constexpr FloatMode kFlushBits = 0;
__attribute__((always_inline)) inline FloatMode float_mode() noexcept { return 0; }
__attribute__((always_inline)) inline void set_float_mode(FloatMode) noexcept {}
#endif

/// Sets the thread's floating-point mode and puts the old one back at the end of the scope.
class FloatModeScope {
 public:
  __attribute__((always_inline)) explicit FloatModeScope(FloatMode mode) noexcept
      : old_(float_mode()), changed_(mode != old_) {
    if (changed_) set_float_mode(mode);
  }
  __attribute__((always_inline)) ~FloatModeScope() {
    if (changed_) set_float_mode(old_);
  }
  FloatModeScope(const FloatModeScope&) = delete;
  FloatModeScope& operator=(const FloatModeScope&) = delete;

 private:
  FloatMode old_;
  bool changed_;
};

/// Whether kernels flush subnormal numbers to zero; they do until told otherwise. Adam's moments of
/// units that get no gradient decay into subnormals, which many processors handle at a small
/// fraction of their speed.
bool flush_denormal() noexcept;
void set_flush_denormal(bool flush) noexcept;

/// The bits that kernels add to the floating-point mode: kFlushBits or none.
FloatMode flush_bits() noexcept;

/// A kernel's floating-point mode: the calling thread's with flush_bits() added, and at the end of
/// the scope the old one again.
class KernelFloatMode {
 public:
  __attribute__((always_inline)) explicit KernelFloatMode(FloatMode bits) noexcept
      : old_(float_mode()), changed_((old_ & bits) != bits) {
    if (changed_) set_float_mode(old_ | bits);
  }
  __attribute__((always_inline)) ~KernelFloatMode() {
    if (changed_) set_float_mode(old_);
  }
  KernelFloatMode(const KernelFloatMode&) = delete;
  KernelFloatMode& operator=(const KernelFloatMode&) = delete;

 private:
  FloatMode old_;
  bool changed_;
};

}  // namespace kindling::kernels::cpu
