// SPDX-License-Identifier: MIT
#pragma once

#include <kindling/kernels/cpu/loops.h>
#include <kindling/kernels/math/optimizers.h>

namespace kindling::kernels::cpu::KINDLING_ISA {

/// gradient *= coefficient, by math::ClipScale
inline void scale_gradient(const View& gradient, double coefficient) {
  with_type(gradient.dtype, [&](auto zero) {
    using T = decltype(zero);
    const math::ClipScale<T> clipped(coefficient);
    T* values = elements<T>(gradient);
    parallel_simd_for(gradient.numel, [=](std::int64_t i) { values[i] = clipped(values[i]); });
  });
}

}  // namespace kindling::kernels::cpu::KINDLING_ISA
