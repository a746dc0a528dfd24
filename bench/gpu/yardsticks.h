// SPDX-License-Identifier: MIT
#pragma once

#include "bench/gpu/bare_product.h"

#include <vector>

namespace kindling::bench {

/// What the library's work is measured beside, in the same process and in the same way.
class Yardsticks {
 public:
  Yardsticks(const BareCublasLt& lt, const Stopwatch& stopwatch) : lt_(lt), stopwatch_(stopwatch) {}

  /// A copy within the device's memory that reads and writes so many bytes in all.
  Queue copy(double bytes) const;
  /// Products by cuBLASLt alone, each in the fastest of its ways, one after the other; nothing if
  /// it has no way for one of them.
  Queue products(const std::vector<ProductShape>& shapes) const;

 private:
  const BareCublasLt& lt_;
  const Stopwatch& stopwatch_;
};

}  // namespace kindling::bench
