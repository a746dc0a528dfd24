// SPDX-License-Identifier: MIT
#include <kindling/kernels/cpu/flush.h>
#include <kindling/kernels/cpu/instruction_set.h>
#include <kindling/kernels/cpu/kernels.h>
#include <kindling/kernels/kernel_table.h>

#define KINDLING_TEXT_OF(name) #name
#define KINDLING_TEXT(name) KINDLING_TEXT_OF(name)

namespace kindling::kernels::cpu::KINDLING_ISA {
namespace {

/// A kernel as it is, for callers that have set the floating-point mode.
template <class Command>
struct Bare {
  static void run(Backend&, const void* arguments) {
    KINDLING_ISA::run(*static_cast<const Command*>(arguments));
  }
};

/// A kernel with subnormals flushed to zero.
template <class Command>
struct Flushing {
  static void run(Backend&, const void* arguments) {
    const KernelFloatMode mode(flush_bits());
    KINDLING_ISA::run(*static_cast<const Command*>(arguments));
  }
};

constexpr Level kLevel{
    .name = KINDLING_TEXT(KINDLING_ISA),
    .flushing = kernel_table<Flushing>(AllCommands()),
    .bare = kernel_table<Bare>(AllCommands()),
};

}  // namespace

const Level& level();
const Level& level() { return kLevel; }

}  // namespace kindling::kernels::cpu::KINDLING_ISA
