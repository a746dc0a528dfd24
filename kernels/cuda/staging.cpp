// SPDX-License-Identifier: MIT
#include <kindling/kernels/cuda/check.h>
#include <kindling/kernels/cuda/staging.h>

#include <algorithm>
#include <cstring>

namespace kindling::kernels::cuda {

void Staging::make() {
  for (cudaEvent_t& event : copied_) {
    if (event == nullptr)
      check(cudaEventCreateWithFlags(&event, cudaEventDisableTiming), "cudaEventCreateWithFlags");
  }
  void* memory = nullptr;
  check(cudaMallocHost(&memory, kSegments * kSegmentBytes), "cudaMallocHost");
  memory_ = static_cast<char*>(memory);
}

void Staging::release() noexcept {
  const std::lock_guard<std::mutex> lock(mutex_);
  (void)cudaFreeHost(memory_);  // waits
  memory_ = nullptr;
  for (cudaEvent_t& event : copied_) {
    if (event != nullptr) (void)cudaEventDestroy(event);
    event = nullptr;
  }
  segment_ = used_ = 0;
}

void Staging::next_segment() {
  check(cudaEventRecord(copied_[segment_], stream_), "cudaEventRecord");
  const std::size_t next = (segment_ + 1) % kSegments;
  const cudaError_t status = cudaEventQuery(copied_[next]);
  if (status == cudaErrorNotReady) {
    (void)cudaGetLastError();  // else the next launch would be blamed
    check(cudaEventSynchronize(copied_[next]), "cudaEventSynchronize");
  } else {
    check(status, "cudaEventQuery");
  }
  segment_ = next;
  used_ = 0;
}

void Staging::upload(void* target, const void* host, std::size_t bytes) {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (memory_ == nullptr) make();
  auto* to = static_cast<char*>(target);
  const auto* from = static_cast<const char*>(host);
  while (bytes > 0) {
    if (used_ == kSegmentBytes) next_segment();
    const std::size_t piece = std::min(bytes, kSegmentBytes - used_);
    char* staged = memory_ + segment_ * kSegmentBytes + used_;
    std::memcpy(staged, from, piece);
    check(cudaMemcpyAsync(to, staged, piece, cudaMemcpyHostToDevice, stream_), "cudaMemcpyAsync");
    used_ += piece;
    to += piece;
    from += piece;
    bytes -= piece;
  }
}

}  // namespace kindling::kernels::cuda
