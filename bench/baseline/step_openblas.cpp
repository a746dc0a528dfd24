// SPDX-License-Identifier: MIT
#include "bench/baseline/flush_subnormals.h"
#include "bench/baseline/parallel.h"
#include "bench/baseline/training_step.h"
#include "bench/step_program.h"

#include <cblas.h>

namespace kindling::bench {
namespace {

struct OpenBlasProducts {
  using Index = std::int64_t;
  static void forward(Index m, Index n, Index k, const float* a, const float* b, float* c) {
    multiply(CblasNoTrans, CblasTrans, m, n, k, a, k, b, k, c);
  }
  static void weight_gradient(Index m, Index n, Index k, const float* a, const float* b, float* c) {
    multiply(CblasTrans, CblasNoTrans, m, n, k, a, m, b, n, c);
  }
  static void input_gradient(Index m, Index n, Index k, const float* a, const float* b, float* c) {
    multiply(CblasNoTrans, CblasNoTrans, m, n, k, a, k, b, n, c);
  }

 private:
  static void multiply(CBLAS_TRANSPOSE transpose_a, CBLAS_TRANSPOSE transpose_b, Index m, Index n,
                       Index k, const float* a, Index row_of_a, const float* b, Index row_of_b,
                       float* c) {
    cblas_sgemm(CblasRowMajor, transpose_a, transpose_b, static_cast<blasint>(m),
                static_cast<blasint>(n), static_cast<blasint>(k), 1.0F, a,
                static_cast<blasint>(row_of_a), b, static_cast<blasint>(row_of_b), 0.0F, c,
                static_cast<blasint>(n));
  }
};

}  // namespace
}  // namespace kindling::bench

int main(int argc, char** argv) {
  using namespace kindling::bench;
  const Options options = parse_command_line(argc, argv);
  flush_subnormals();
  set_thread_count(options.threads);
  openblas_set_num_threads(options.threads);
  run_works<TrainingStep<OpenBlasProducts>>("hand_openblas", options);
}
