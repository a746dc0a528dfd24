// SPDX-License-Identifier: MIT
#include <kindling/kernels/cpu/openmp.h>
#include <kindling/kernels/cpu/product_provider.h>

#include <dnnl.h>

namespace kindling::kernels::cpu {
namespace {

void multiply(const ProductBlock<float>& block) {
  const OneOpenMPThread one_thread;
  dnnl_sgemm(block.transpose_a ? 'T' : 'N', block.transpose_b ? 'T' : 'N', block.m, block.n,
             block.k, 1.0f, block.a, block.lda, block.b, block.ldb, block.accumulate ? 1.0f : 0.0f,
             block.c, block.ldc);
}

/// Whether a call can be kept to one thread: not where oneDNN was built for TBB or a pool of its
/// caller's.
bool usable() {
  const unsigned runtime = dnnl_version()->cpu_runtime;
  return runtime == DNNL_RUNTIME_SEQ ||
         (runtime == DNNL_RUNTIME_OMP && omp_set_num_threads != nullptr);
}

}  // namespace

const ProductProvider* onednn_provider() {
  static constexpr ProductProvider provider{"onednn", multiply, nullptr};
  return usable() ? &provider : nullptr;
}

}  // namespace kindling::kernels::cpu
