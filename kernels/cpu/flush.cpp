// SPDX-License-Identifier: MIT
#include <kindling/kernels/cpu/flush.h>

#include <atomic>

namespace kindling::kernels::cpu {
namespace {

constinit std::atomic<FloatMode> bits = kFlushBits;

}  // namespace

bool flush_denormal() noexcept { return flush_bits() != 0; }

void set_flush_denormal(bool flush) noexcept {
  bits.store(flush ? kFlushBits : 0, std::memory_order_relaxed);
}

FloatMode flush_bits() noexcept { return bits.load(std::memory_order_relaxed); }

}  // namespace kindling::kernels::cpu
