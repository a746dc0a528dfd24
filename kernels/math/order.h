// SPDX-License-Identifier: MIT
#pragma once

#include <kindling/kernels/math/functions.h>

#include <cstdint>

/// The orders of sort and argmax, where a NaN is larger than any number and equals stand as they
/// come.
namespace kindling::math {

template <class T>
KINDLING_HOST_DEVICE bool is_larger(T a, T b) {
  return a > b || (is_nan(a) && !is_nan(b));
}

/// Whether element a, at index_a, stands before element b when sorted.
template <class T>
KINDLING_HOST_DEVICE bool stands_before(T a, std::int64_t index_a, T b, std::int64_t index_b,
                                        bool descending) {
  if (is_larger(a, b)) return descending;
  if (is_larger(b, a)) return !descending;
  return index_a < index_b;
}

}  // namespace kindling::math
