// SPDX-License-Identifier: MIT
#pragma once

#include <kindling/kernels/backend.h>

#include <string_view>
#include <vector>

namespace kindling::kernels::cpu {

/// The kernels as they were compiled for one instruction set.
struct Level {
  const char* name;      // baseline, avx2 or avx512
  KernelTable flushing;  // each call flushes subnormals to zero
  KernelTable bare;      // for a caller that has set the floating-point mode
};

/// The level in use: the widest that this processor has, or the one that the environment's
/// KINDLING_ISA names; a ValueError if it has no such level.
const Level& level();

/// All levels that this processor has, the narrowest first.
std::vector<const Level*> levels();

/// The CPU with the kernels of one level; kernels::cpu::backend() is that of level().
Backend& backend_of(const Level& level);

/// Makes `other` what kernels::cpu::backend() gives in all threads, and returns what that was: for
/// tests that count memory, or let it run out.
Backend& exchange_backend(Backend& other);

/// For `kindling-train info`: the name of the level in use.
const char* instruction_set();

}  // namespace kindling::kernels::cpu
