// SPDX-License-Identifier: MIT
#include "bench/baseline/flush_subnormals.h"
#include "bench/baseline/parallel.h"
#include "bench/baseline/training_step.h"
#include "bench/step_program.h"

#include <dnnl.h>

namespace kindling::bench {
namespace {

struct OneDnnProducts {
  using Index = std::int64_t;
  static void forward(Index m, Index n, Index k, const float* a, const float* b, float* c) {
    dnnl_sgemm('N', 'T', m, n, k, 1.0F, a, k, b, k, 0.0F, c, n);
  }
  static void weight_gradient(Index m, Index n, Index k, const float* a, const float* b, float* c) {
    dnnl_sgemm('T', 'N', m, n, k, 1.0F, a, m, b, n, 0.0F, c, n);
  }
  static void input_gradient(Index m, Index n, Index k, const float* a, const float* b, float* c) {
    dnnl_sgemm('N', 'N', m, n, k, 1.0F, a, k, b, n, 0.0F, c, n);
  }
};

}  // namespace
}  // namespace kindling::bench

int main(int argc, char** argv) {
  using namespace kindling::bench;
  const Options options = parse_command_line(argc, argv);
  flush_subnormals();
  set_thread_count(options.threads);
  run_works<TrainingStep<OneDnnProducts>>("hand_onednn", options);
}
