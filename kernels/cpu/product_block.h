// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

namespace kindling::kernels::cpu {

/// One block of a matrix product: c [m, n] = op(a) [m, k] op(b) [k, n], or c += that; m, n > 0.
/// Row-major, a row `lda`, `ldb`, `ldc` elements after the one before. A transposed a is stored [k,
/// m], b [n, k].
template <class T>
struct ProductBlock {
  const T* a;
  const T* b;
  T* c;
  std::int64_t m;
  std::int64_t n;
  std::int64_t k;
  std::int64_t lda;
  std::int64_t ldb;
  std::int64_t ldc;
  bool transpose_a;
  bool transpose_b;
  bool accumulate;
};

}  // namespace kindling::kernels::cpu
