// SPDX-License-Identifier: MIT
#pragma once

#include "bench/gpu/stopwatch.h"

#include <cstddef>

namespace kindling::bench {

/// What a graph launches.
struct Launches {
  std::size_t count = 0;        // kernels, copies and settings of memory
  int registers = 0;            // of a thread of the kernel that takes most; 0 where not known
  std::size_t local_bytes = 0;  // of a thread: spilled registers and local arrays
};

/// Repetitions of a piece of work, recorded once as one graph: launching it takes no time of the
/// host, so that its time is that of the GPU. The work must have run before. The graph keeps the
/// addresses of the tensors that the work made: while it is used nothing may be allocated.
class RecordedWork {
 public:
  RecordedWork(kernels::cuda::Context& context, const Queue& work, int repetitions);
  ~RecordedWork();
  RecordedWork(const RecordedWork&) = delete;
  RecordedWork& operator=(const RecordedWork&) = delete;

  void launch() const;
  const Launches& launches() const { return launches_; }

 private:
  kernels::cuda::Context& context_;
  Launches launches_;
  cudaGraphExec_t executable_ = nullptr;
};

/// What `work` launches, from a recording that is not run.
Launches launches_of(const Queue& work);

}  // namespace kindling::bench
