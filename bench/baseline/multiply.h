// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <vector>

namespace kindling::bench {

/// c [m, n] = op(a) op(b), row-major; a transposed a is stored [k, m], b [n, k].
struct MatrixShape {
  bool transpose_a;
  bool transpose_b;
  std::int64_t m;
  std::int64_t n;
  std::int64_t k;
};

struct MatrixLibrary {
  const char* name;
  void (*multiply)(const MatrixShape& shape, const float* a, const float* b, float* c);
};

/// The matrix libraries that were found.
const std::vector<MatrixLibrary>& matrix_libraries();

/// The number of threads that they all use.
void set_library_threads(int count);

}  // namespace kindling::bench
