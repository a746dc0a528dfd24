// SPDX-License-Identifier: MIT
#pragma once

/// The wide sources of this folder are compiled once per instruction set, each time with
/// -DKINDLING_ISA=<level> (baseline, avx2, avx512), and one of them is chosen when the program
/// starts. Everything they define stands in
///
///     namespace kindling::kernels::cpu::KINDLING_ISA { ... }
///
/// or in an anonymous namespace inside it. Of an inline function or template that several objects
/// emit, the linker keeps any one, and the widest would then run on every processor: so wide
/// sources use nothing of the kind from elsewhere but functions that are always inlined (all of
/// kernels/math). The test isolated_symbols holds them to that.
#ifndef KINDLING_ISA
#error "isa.h belongs to sources that are compiled per instruction set, with -DKINDLING_ISA=<level>"
#endif

namespace kindling::kernels::cpu::KINDLING_ISA {

/// Bytes of the widest vector register of this level.
#if defined(__AVX512F__)
inline constexpr int kVectorBytes = 64;
#elif defined(__AVX__)
inline constexpr int kVectorBytes = 32;
#else
inline constexpr int kVectorBytes = 16;
#endif

}  // namespace kindling::kernels::cpu::KINDLING_ISA
