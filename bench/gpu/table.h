// SPDX-License-Identifier: MIT
#pragma once

#include "bench/gpu/rows.h"

namespace kindling::bench {

/// Measures the rows and prints each as a line of one table, without times in a rehearsal. The
/// number of those that ended in an error.
int print_table(const std::vector<Row>& rows, kernels::cuda::Context& context,
                const Yardsticks& yardsticks, const Stopwatch& stopwatch);

/// A time for a column of ten, in microseconds; "-" in a rehearsal.
std::string microseconds(const Stopwatch& stopwatch, double seconds);

}  // namespace kindling::bench
