// SPDX-License-Identifier: MIT
#include "bench/gpu/stopwatch.h"

#include <kindling/kernels/cuda/check.h>

#include "bench/timing.h"

#include <algorithm>
#include <cstddef>
#include <vector>

namespace kindling::bench {

using kernels::cuda::check;

namespace {

// Of a measurement.
constexpr std::size_t kMinSamples = 5;
constexpr double kSeconds = 0.2;
constexpr std::size_t kMaxSamples = 31;
// Of a sample of hot work: far above the half microsecond that events resolve.
constexpr double kSampleSeconds = 2e-3;
constexpr int kMaxCount = 1000;

}  // namespace

Stopwatch::Stopwatch(kernels::cuda::Context& context, bool rehearsal)
    : context_(context),
      rehearsal_(rehearsal),
      flush_bytes_(2 *
                   static_cast<std::size_t>(std::max(context.properties().l2CacheSize, 1 << 20))),
      flush_(context.allocate(flush_bytes_)) {
  check(cudaEventCreate(&start_), "cudaEventCreate");
  check(cudaEventCreate(&end_), "cudaEventCreate");
}

Stopwatch::~Stopwatch() {
  (void)cudaEventDestroy(start_);
  (void)cudaEventDestroy(end_);
  context_.deallocate(flush_, flush_bytes_);
}

// Seconds of each of `count` repetitions. What comes before them keeps the GPU busy until the host
// has queued the first ones.
double Stopwatch::elapsed(const Queue& before, const Queue& work, int count) const {
  before();
  check(cudaEventRecord(start_, context_.device_stream()), "cudaEventRecord");
  for (int i = 0; i < count; ++i) work();
  check(cudaEventRecord(end_, context_.device_stream()), "cudaEventRecord");
  check(cudaEventSynchronize(end_), "cudaEventSynchronize");
  float milliseconds = 0;
  check(cudaEventElapsedTime(&milliseconds, start_, end_), "cudaEventElapsedTime");
  return 1e-3 * static_cast<double>(milliseconds) / count;
}

double Stopwatch::median(const std::function<double()>& sample) const {
  std::vector<double> samples;
  const double end = seconds_now() + kSeconds;
  do {
    samples.push_back(sample());
  } while (!rehearsal_ && samples.size() < kMaxSamples &&
           (samples.size() < kMinSamples || seconds_now() < end));
  std::sort(samples.begin(), samples.end());
  return samples[samples.size() / 2];
}

double Stopwatch::cold(const Queue& work) const {
  const Queue flush = [this] {
    check(cudaMemsetAsync(flush_, 0, flush_bytes_, context_.device_stream()), "cudaMemsetAsync");
  };
  return median([&] { return elapsed(flush, work, 1); });
}

double Stopwatch::rough(const Queue& work) const { return elapsed(work, work, rehearsal_ ? 1 : 5); }

double Stopwatch::hot(const Queue& work) const {
  const double wanted = rehearsal_ ? 1.0 : kSampleSeconds / std::max(elapsed(work, work, 1), 1e-7);
  const int count = std::clamp(static_cast<int>(wanted), 1, kMaxCount);
  return median([&] { return elapsed(work, work, count); });
}

}  // namespace kindling::bench
