// SPDX-License-Identifier: MIT
#pragma once

#include <kindling/kernels/cpu/isa.h>
#include <kindling/kernels/cpu/product_block.h>

namespace kindling::kernels::cpu::KINDLING_ISA {

/// Multiplies without preparation, for products too small to be worth any: in tiles that fill the
/// registers.
void multiply_tiles(const ProductBlock<float>& block);
void multiply_tiles(const ProductBlock<double>& block);

/// The same for n = 1, or m = 1 with a transposed b: dot products of rows with a vector, at the
/// speed of the memory.
void multiply_vector(const ProductBlock<float>& block);
void multiply_vector(const ProductBlock<double>& block);

}  // namespace kindling::kernels::cpu::KINDLING_ISA
