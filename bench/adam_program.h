// SPDX-License-Identifier: MIT
// What the programs share that measure the Adam update alone.
#pragma once

#include "bench/command_line.h"
#include "bench/report.h"
#include "bench/timing.h"
#include "bench/works.h"

#include <cstdint>
#include <string>
#include <vector>

namespace kindling::bench {

/// The update of so many parameters in tensors of one size.
struct AdamWork {
  std::string name;
  std::int64_t parameters;
  std::int64_t tensors = 1;

  std::int64_t tensor_size() const { return parameters / tensors; }

  // Reads parameter, gradient and two moments, writes all but the gradient: 7 floats.
  double bytes() const { return 28.0 * static_cast<double>(parameters); }
};

inline const std::vector<AdamWork>& adam_works() {
  static const std::vector<AdamWork> kWorks = {{"Adam10M", 10'000'000},
                                               {"Adam100M", 100'000'000},
                                               {"Adam10Mx300", 9'999'900, 300},
                                               {"Adam100Mx300", 99'999'900, 300}};
  return kWorks;
}

constexpr double kAdamLearningRate = 1e-6;

/// Gradients large enough for no moment to become subnormal.
inline std::vector<float> adam_gradients(const AdamWork& work) {
  return UniformRandom(2).vector(work.parameters, 1e-2);
}
inline std::vector<float> adam_parameters(const AdamWork& work) {
  return UniformRandom(1).vector(work.parameters, 1.0);
}

template <class Step, class Wait = NothingQueued>
void run_adam_work(const std::string& implementation, const AdamWork& work, const Options& options,
                   Step&& step, Wait wait = {}) {
  const Timing timing = measure(step, options.seconds, wait);
  print_result({implementation, work.name, options.threads, timing, 0.0, work.bytes()});
}

}  // namespace kindling::bench
