// SPDX-License-Identifier: MIT
#pragma once

#include <kindling/kernels/cpu/isa.h>
#include <kindling/kernels/cpu/product_block.h>

namespace kindling::kernels::cpu::KINDLING_ISA {

/// Multiplies in tiles of c whose sums stay in registers.
void multiply_tiles(const ProductBlock<float>& block);
void multiply_tiles(const ProductBlock<double>& block);

/// Multiplies few rows or columns, as dot products or as sums of rows, at the speed of the memory;
/// false, and nothing done, where tiles are as good.
bool multiply_vectors(const ProductBlock<float>& block);
bool multiply_vectors(const ProductBlock<double>& block);

}  // namespace kindling::kernels::cpu::KINDLING_ISA
