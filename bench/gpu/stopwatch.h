// SPDX-License-Identifier: MIT
// How long work takes on the GPU, by its own clock.
#pragma once

#include <kindling/kernels/cuda/context.h>

#include <cuda_runtime_api.h>

#include <functional>

namespace kindling::bench {

/// Queues a piece of work on the stream that the library launches on.
using Queue = std::function<void()>;

class Stopwatch {
 public:
  /// `rehearsal`: everything is run, once, and not repeated for the sake of its time.
  Stopwatch(kernels::cuda::Context& context, bool rehearsal);
  ~Stopwatch();
  Stopwatch(const Stopwatch&) = delete;
  Stopwatch& operator=(const Stopwatch&) = delete;

  /// Median seconds of `work` whose operands are in no cache: before each repetition twice as many
  /// bytes as the L2 cache holds are overwritten.
  double cold(const Queue& work) const;
  /// Median seconds of `work` that follows itself without a pause.
  double hot(const Queue& work) const;
  /// About how many seconds `work` takes.
  double rough(const Queue& work) const;
  bool is_rehearsal() const { return rehearsal_; }

 private:
  double elapsed(const Queue& before, const Queue& work, int count) const;
  double median(const std::function<double()>& sample) const;

  kernels::cuda::Context& context_;
  bool rehearsal_;
  std::size_t flush_bytes_;
  void* flush_ = nullptr;
  cudaEvent_t start_ = nullptr;
  cudaEvent_t end_ = nullptr;
};

}  // namespace kindling::bench
