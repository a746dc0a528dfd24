// SPDX-License-Identifier: MIT
#pragma once

#include <kindling/core/view.h>

namespace kindling::kernels {

/// The same walk in as few dimensions as possible, at least one: those of size 1 are dropped, and
/// neighbours that both operands step through evenly become one. Equal shapes end in one dimension,
/// a broadcast row or column in two.
__attribute__((always_inline)) inline Strides coalesced(const Strides& strides) {
  Strides out;
  for (int d = 0; d < strides.rank; ++d) {
    const std::int64_t size = strides.size[d];
    if (size == 1) continue;
    const int last = out.rank - 1;
    if (last >= 0 && out.first[last] == strides.first[d] * size &&
        out.second[last] == strides.second[d] * size) {
      out.size[last] *= size;
    } else {
      ++out.rank;
      out.size[out.rank - 1] = size;
    }
    out.first[out.rank - 1] = strides.first[d];
    out.second[out.rank - 1] = strides.second[d];
  }
  if (out.rank == 0) {
    out.rank = 1;
    out.size[0] = 1;
  }
  return out;
}

}  // namespace kindling::kernels
