// SPDX-License-Identifier: MIT
// KINDLING_BENCH_ONEDNN, KINDLING_BENCH_OPENBLAS, KINDLING_BENCH_EIGEN: what was found.
#include "bench/baseline/multiply.h"

#include "bench/baseline/parallel.h"

#if KINDLING_BENCH_ONEDNN
#include <dnnl.h>
#endif
#if KINDLING_BENCH_OPENBLAS
#include <cblas.h>
#endif
#if KINDLING_BENCH_EIGEN
#include <Eigen/Core>
#endif

namespace kindling::bench {
namespace {

#if KINDLING_BENCH_ONEDNN
void multiply_onednn(const MatrixShape& s, const float* a, const float* b, float* c) {
  dnnl_sgemm(s.transpose_a ? 'T' : 'N', s.transpose_b ? 'T' : 'N', s.m, s.n, s.k, 1.0F, a,
             s.transpose_a ? s.m : s.k, b, s.transpose_b ? s.k : s.n, 0.0F, c, s.n);
}
#endif

#if KINDLING_BENCH_OPENBLAS
void multiply_openblas(const MatrixShape& s, const float* a, const float* b, float* c) {
  const auto size = [](std::int64_t value) { return static_cast<blasint>(value); };
  cblas_sgemm(CblasRowMajor, s.transpose_a ? CblasTrans : CblasNoTrans,
              s.transpose_b ? CblasTrans : CblasNoTrans, size(s.m), size(s.n), size(s.k), 1.0F, a,
              size(s.transpose_a ? s.m : s.k), b, size(s.transpose_b ? s.k : s.n), 0.0F, c,
              size(s.n));
}
#endif

#if KINDLING_BENCH_EIGEN
void multiply_eigen(const MatrixShape& s, const float* a, const float* b, float* c) {
  using Matrix = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
  using ConstMap = Eigen::Map<const Matrix>;
  Eigen::Map<Matrix> product(c, s.m, s.n);
  const ConstMap left(a, s.transpose_a ? s.k : s.m, s.transpose_a ? s.m : s.k);
  const ConstMap right(b, s.transpose_b ? s.n : s.k, s.transpose_b ? s.k : s.n);
  if (s.transpose_a && s.transpose_b)
    product.noalias() = left.transpose() * right.transpose();
  else if (s.transpose_a)
    product.noalias() = left.transpose() * right;
  else if (s.transpose_b)
    product.noalias() = left * right.transpose();
  else
    product.noalias() = left * right;
}
#endif

}  // namespace

const std::vector<MatrixLibrary>& matrix_libraries() {
  static const std::vector<MatrixLibrary> kLibraries = {
#if KINDLING_BENCH_ONEDNN
    {"oneDNN", multiply_onednn},
#endif
#if KINDLING_BENCH_OPENBLAS
    {"OpenBLAS", multiply_openblas},
#endif
#if KINDLING_BENCH_EIGEN
    {"Eigen", multiply_eigen},
#endif
  };
  return kLibraries;
}

void set_library_threads(int count) {
  set_thread_count(count);
#if KINDLING_BENCH_OPENBLAS
  openblas_set_num_threads(count);
#endif
#if KINDLING_BENCH_EIGEN
  Eigen::setNbThreads(count);
#endif
}

}  // namespace kindling::bench
