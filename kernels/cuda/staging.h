// SPDX-License-Identifier: MIT
#pragma once

#include <cuda_runtime_api.h>

#include <cstddef>
#include <mutex>

namespace kindling::kernels::cuda {

/// Page-locked memory through which the host's reaches the device without anybody waiting: a ring
/// of segments, each free again when the copies from it are done.
class Staging {
 public:
  explicit Staging(cudaStream_t stream) : stream_(stream) {}

  /// Copies to the device in the order of the stream; `host` may be reused on return. Waits only
  /// where copies of the whole ring are still under way.
  void upload(void* target, const void* host, std::size_t bytes);
  /// Frees the ring once its copies are done; the next upload makes another.
  void release() noexcept;

 private:
  static constexpr std::size_t kSegments = 8;
  static constexpr std::size_t kSegmentBytes = std::size_t{512} << 10;

  void make();
  void next_segment();

  cudaStream_t stream_;
  std::mutex mutex_;
  char* memory_ = nullptr;  // made when it is first needed, and kept
  cudaEvent_t copied_[kSegments] = {};
  std::size_t segment_ = 0;
  std::size_t used_ = 0;  // bytes of the segment
};

}  // namespace kindling::kernels::cuda
