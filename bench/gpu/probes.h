// SPDX-License-Identifier: MIT
// What only a real cuBLASLt can answer.
#pragma once

#include "bench/gpu/bare_product.h"

namespace kindling::bench {

/// Prints which epilogues cuBLASLt accepts, for both dtypes and several alignments. The number of
/// those that it accepts and then does not run.
int print_epilogues(const BareCublasLt& lt);

/// Prints, for products about as small as where the library changes from its own kernels to
/// cuBLASLt, the time of both. The number of those whose results differ by more than rounding.
int print_cross_over(const BareCublasLt& lt, const Stopwatch& stopwatch);

}  // namespace kindling::bench
