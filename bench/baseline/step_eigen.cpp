// SPDX-License-Identifier: MIT
#include "bench/baseline/flush_subnormals.h"
#include "bench/baseline/parallel.h"
#include "bench/baseline/training_step.h"
#include "bench/step_program.h"

#include <Eigen/Core>

namespace kindling::bench {
namespace {

using Matrix = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
using ConstMap = Eigen::Map<const Matrix>;

struct EigenProducts {
  using Index = std::int64_t;
  static void forward(Index m, Index n, Index k, const float* a, const float* b, float* c) {
    Eigen::Map<Matrix>(c, m, n).noalias() = ConstMap(a, m, k) * ConstMap(b, n, k).transpose();
  }
  static void weight_gradient(Index m, Index n, Index k, const float* a, const float* b, float* c) {
    Eigen::Map<Matrix>(c, m, n).noalias() = ConstMap(a, k, m).transpose() * ConstMap(b, k, n);
  }
  static void input_gradient(Index m, Index n, Index k, const float* a, const float* b, float* c) {
    Eigen::Map<Matrix>(c, m, n).noalias() = ConstMap(a, m, k) * ConstMap(b, k, n);
  }
};

}  // namespace
}  // namespace kindling::bench

int main(int argc, char** argv) {
  using namespace kindling::bench;
  const Options options = parse_command_line(argc, argv);
  flush_subnormals();
  set_thread_count(options.threads);
  Eigen::setNbThreads(options.threads);
  run_works<TrainingStep<EigenProducts>>("hand_eigen", options);
}
