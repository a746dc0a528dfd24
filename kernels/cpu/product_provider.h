// SPDX-License-Identifier: MIT
#pragma once

#include <kindling/kernels/cpu/product_block.h>

#include <string>
#include <string_view>
#include <vector>

namespace kindling::kernels::cpu {

/// Who multiplies blocks that are not small: at first the one that the environment's
/// KINDLING_PRODUCTS names, or else the build's choice (Eigen where that is an OpenBLAS that does
/// not know the processor). Both functions of the result are set: what a provider lacks is
/// another's.
ProductProvider product_provider();

/// Names of all that are compiled in and usable, the default first.
std::vector<std::string> product_providers();

/// ValueError for a name that is not among product_providers(). For tests and comparisons; no
/// product may be under way.
void set_product_provider(std::string_view name);

// Compiled where the library was found; nullptr where the one at hand cannot be used.
const ProductProvider* onednn_provider();
const ProductProvider* openblas_provider();

/// False where OpenBLAS falls back to its oldest kernels, as it does on processors newer than
/// itself: there Eigen is five times faster.
bool openblas_knows_processor();

}  // namespace kindling::kernels::cpu
