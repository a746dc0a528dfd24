// SPDX-License-Identifier: MIT
// The Adam update by hand, and `rw4`: a loop with the same traffic and next to no arithmetic, which
// shows what the memory allows.
#include "bench/adam_program.h"
#include "bench/baseline/array.h"
#include "bench/baseline/flush_subnormals.h"
#include "bench/baseline/parallel.h"
#include "bench/baseline/updates.h"

#include <cstdint>

namespace kindling::bench {
namespace {

void touch_range(float* __restrict parameters, const float* __restrict gradients,
                 float* __restrict means, float* __restrict squares, std::int64_t first,
                 std::int64_t last) {
  constexpr float kFactor = 1e-9F;
  for (std::int64_t i = first; i < last; ++i) {
    means[i] += kFactor * gradients[i];
    squares[i] += kFactor * gradients[i];
    parameters[i] += kFactor * gradients[i];
  }
}

void run(const AdamWork& work, const Options& options) {
  const std::int64_t count = work.parameters;
  Array parameters(count, 0);
  Array gradients(count, 1);
  Array means(count, 2);
  Array squares(count, 3);
  {
    UniformRandom first(1);
    UniformRandom second(2);
    for (std::int64_t i = 0; i < count; ++i) {
      parameters.data()[i] = first(1.0);
      gradients.data()[i] = second(1e-2);
    }
  }
  run_adam_work("rw4", work, options, [&] {
    parallel_ranges(count, count, [&](std::int64_t first, std::int64_t last) {
      touch_range(parameters.data(), gradients.data(), means.data(), squares.data(), first, last);
    });
  });
  std::int64_t updates = 0;
  run_adam_work("hand_adam", work, options, [&] {
    adam_update(parameters.data(), gradients.data(), means.data(), squares.data(), count,
                AdamFactors(kAdamLearningRate, updates++));
  });
}

}  // namespace
}  // namespace kindling::bench

int main(int argc, char** argv) {
  using namespace kindling::bench;
  const Options options = parse_command_line(argc, argv);
  flush_subnormals();
  set_thread_count(options.threads);
  for (const AdamWork& work : adam_works()) {
    if (options.selects(work.name)) run(work, options);
  }
}
