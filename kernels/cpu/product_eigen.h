// SPDX-License-Identifier: MIT
#pragma once

#include <kindling/kernels/cpu/isa.h>
#include <kindling/kernels/cpu/product_block.h>

namespace kindling::kernels::cpu::KINDLING_ISA {

/// Multiplies with Eigen, compiled for this level.
void multiply_eigen(const ProductBlock<float>& block);
void multiply_eigen(const ProductBlock<double>& block);

}  // namespace kindling::kernels::cpu::KINDLING_ISA
