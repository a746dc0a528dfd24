// SPDX-License-Identifier: MIT
#include <kindling/kernels/cpu/flush.h>

#include <atomic>

namespace kindling::kernels::cpu {
namespace {

constinit std::atomic<FloatMode> flush_bits = kFlushBits;

}  // namespace

bool flush_denormal() noexcept { return flush_bits.load(std::memory_order_relaxed) != 0; }

void set_flush_denormal(bool flush) noexcept {
  flush_bits.store(flush ? kFlushBits : 0, std::memory_order_relaxed);
}

FloatMode kernel_float_mode() noexcept {
  return float_mode() | flush_bits.load(std::memory_order_relaxed);
}

}  // namespace kindling::kernels::cpu
