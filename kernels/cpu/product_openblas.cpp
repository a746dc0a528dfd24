// SPDX-License-Identifier: MIT
#include <kindling/kernels/cpu/openmp.h>
#include <kindling/kernels/cpu/product_provider.h>

#include <cblas.h>

#include <mutex>
#include <string_view>

namespace kindling::kernels::cpu {
namespace {

constinit std::mutex mutex;
int calls = 0;        // under way
int old_threads = 1;  // the program's own setting, while calls > 0

/// OpenBLAS counts threads for the whole process: one while any of our calls is under way, and the
/// program's own number again after the last.
class OneThread {
 public:
  OneThread() {
    const std::lock_guard lock(mutex);
    if (calls++ > 0) return;
    old_threads = openblas_get_num_threads();
    if (old_threads != 1) openblas_set_num_threads(1);
  }
  ~OneThread() {
    const std::lock_guard lock(mutex);
    if (--calls == 0 && old_threads != 1) openblas_set_num_threads(old_threads);
  }
  OneThread(const OneThread&) = delete;
  OneThread& operator=(const OneThread&) = delete;

 private:
  const OneOpenMPThread one_openmp_thread_;  // for an OpenBLAS that is built on OpenMP
};

template <class T, class Gemm>
void multiply(const ProductBlock<T>& block, Gemm gemm) {
  const OneThread one_thread;
  const auto size = [](std::int64_t value) { return static_cast<blasint>(value); };
  gemm(CblasRowMajor, block.transpose_a ? CblasTrans : CblasNoTrans,
       block.transpose_b ? CblasTrans : CblasNoTrans, size(block.m), size(block.n), size(block.k),
       T{1}, block.a, size(block.lda), block.b, size(block.ldb), block.accumulate ? T{1} : T{0},
       block.c, size(block.ldc));
}

}  // namespace

const ProductProvider* openblas_provider() {
  static constexpr ProductProvider provider{
      "openblas", [](const ProductBlock<float>& block) { multiply(block, cblas_sgemm); },
      [](const ProductBlock<double>& block) { multiply(block, cblas_dgemm); }};
  return &provider;
}

bool openblas_knows_processor() { return std::string_view(openblas_get_corename()) != "Prescott"; }

}  // namespace kindling::kernels::cpu
