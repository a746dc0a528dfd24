// SPDX-License-Identifier: MIT
#pragma once

#include <kindling/core/view.h>
#include <kindling/kernels/cpu/isa.h>

namespace kindling::kernels::cpu::KINDLING_ISA {

/// gradient *= coefficient, by math::ClipScale. One function, so that even a NaN has the same bits
/// whoever clips.
void scale_gradient(const View& gradient, double coefficient);

}  // namespace kindling::kernels::cpu::KINDLING_ISA
