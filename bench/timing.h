// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace kindling::bench {

struct Timing {
  double min_seconds = 0.0;     // per step
  double median_seconds = 0.0;  // per step
  std::size_t samples = 0;
};

inline double seconds_now() {
  using Clock = std::chrono::steady_clock;
  return std::chrono::duration<double>(Clock::now().time_since_epoch()).count();
}

/// The wait for a step that has done its work when it returns.
struct NothingQueued {
  void operator()() const {}
};

/// Seconds per call of `step` over `count` calls, none of which the compiler may merge or hoist,
/// and of `wait` for what they may only have queued.
template <class Step, class Wait>
double seconds_per_step(Step& step, const Wait& wait, std::int64_t count) {
  const double start = seconds_now();
  for (std::int64_t i = 0; i < count; ++i) {
    step();
    std::atomic_signal_fence(std::memory_order_seq_cst);
  }
  wait();
  return (seconds_now() - start) / static_cast<double>(count);
}

/// Warms up, then times `step` for about `seconds`, in samples of at least 5 ms and one step, at
/// least seven of them.
template <class Step, class Wait = NothingQueued>
Timing measure(Step&& step, double seconds, Wait wait = {}) {
  constexpr double kSampleSeconds = 5e-3;
  constexpr std::size_t kMinSamples = 7;
  constexpr std::int64_t kMinWarmUpSteps = 3;

  // Batches grow, so that reading the clock does not weigh in the estimate of a short step.
  double estimate = 0.0;
  std::int64_t warm_up_steps = 0;
  const double warm_up_end = seconds_now() + 0.3 * seconds;
  for (std::int64_t count = 1; warm_up_steps < kMinWarmUpSteps || seconds_now() < warm_up_end;) {
    estimate = seconds_per_step(step, wait, count);
    warm_up_steps += count;
    if (estimate * static_cast<double>(count) < kSampleSeconds) count *= 2;
  }

  const auto steps_per_sample = static_cast<std::int64_t>(kSampleSeconds / estimate) + 1;
  std::vector<double> samples;
  const double end = seconds_now() + seconds;
  while (samples.size() < kMinSamples || seconds_now() < end) {
    samples.push_back(seconds_per_step(step, wait, steps_per_sample));
  }
  std::sort(samples.begin(), samples.end());
  return {samples.front(), samples[samples.size() / 2], samples.size()};
}

}  // namespace kindling::bench
