// SPDX-License-Identifier: MIT
#include <kindling/core/error.h>
#include <kindling/kernels/cuda/check.h>
#include <kindling/kernels/cuda/context.h>
#include <kindling/kernels/cuda/kernels.h>
#include <kindling/kernels/cuda/program.h>

#include <algorithm>
#include <utility>

namespace kindling::kernels::cuda {
namespace {

constinit thread_local cudaStream_t recorded_stream = nullptr;

}  // namespace

Context::Stream::Stream() {
  check(cudaStreamCreateWithFlags(&handle, cudaStreamNonBlocking), "cudaStreamCreateWithFlags");
}

Context::Context(int index)
    : Backend(Device::cuda(index), kernel_table()),
      stream_(made_stream_.handle),
      memory_(index, stream_),
      staging_(stream_) {
  check(cudaGetDeviceProperties(&properties_, index), "cudaGetDeviceProperties");
  cudaMemPool_t pool = nullptr;
  check(cudaDeviceGetDefaultMemPool(&pool, index), "cudaDeviceGetDefaultMemPool");
  std::uint64_t keep_all = UINT64_MAX;
  check(cudaMemPoolSetAttribute(pool, cudaMemPoolAttrReleaseThreshold, &keep_all),
        "cudaMemPoolSetAttribute");
  tickets_ = static_cast<std::uint32_t*>(memory_.allocate(kTicketBytes));
  const cudaError_t status = cudaMemsetAsync(tickets_, 0, kTicketBytes, stream_);
  if (status != cudaSuccess) {
    memory_.close();
    memory_.deallocate(tickets_, kTicketBytes);
  }
  check(status, "cudaMemsetAsync");
}

void Context::upload(void* target, const void* host, std::size_t bytes) {
  if (bytes > 0) staging_.upload(target, host, bytes);
}

void Context::download(void* host, const void* source, std::size_t bytes) {
  if (bytes == 0) return;
  check(cudaMemcpyAsync(host, source, bytes, cudaMemcpyDeviceToHost, stream_), "cudaMemcpyAsync");
  synchronize();
}

void Context::synchronize() { check(cudaStreamSynchronize(stream_), "cudaStreamSynchronize"); }

std::unique_ptr<Program> Context::compile(std::span<const RecordedCommand> commands) {
  return std::make_unique<Graph>(*this, commands);
}

cudaStream_t Context::stream() const noexcept {
  return recorded_stream != nullptr ? recorded_stream : stream_;
}

void* Context::scratch(std::size_t bytes) {
  const std::lock_guard<std::mutex> lock(mutex_);
  const std::size_t largest = scratch_.empty() ? 0 : scratch_.back().bytes;
  if (bytes > largest) {
    const std::size_t size = std::max({bytes, 2 * largest, std::size_t{64} << 10});
    scratch_.reserve(scratch_.size() + 1);
    scratch_.push_back({memory_.allocate(size), size});
  }
  return scratch_.back().data;
}

void Context::release() noexcept {
  try {
    synchronize();
    for (const Scratch& scratch : scratch_) memory_.deallocate(scratch.data, scratch.bytes);
    scratch_.clear();
    memory_.deallocate(std::exchange(tickets_, nullptr), kTicketBytes);
    lt_.release(*this);
    staging_.release();
    memory_.close();
  } catch (const Error&) {
    // The runtime is gone, and everything with it.
  }
}

GraphRecording::GraphRecording() {
  check(cudaStreamCreateWithFlags(&stream_, cudaStreamNonBlocking), "cudaStreamCreateWithFlags");
  const cudaError_t status = cudaStreamBeginCapture(stream_, cudaStreamCaptureModeThreadLocal);
  if (status != cudaSuccess) (void)cudaStreamDestroy(stream_);
  check(status, "cudaStreamBeginCapture");
  recorded_stream = stream_;
}

GraphRecording::~GraphRecording() {
  recorded_stream = nullptr;
  cudaStreamCaptureStatus status = cudaStreamCaptureStatusNone;
  (void)cudaStreamIsCapturing(stream_, &status);
  if (status != cudaStreamCaptureStatusNone) {  // an error has ended the recording
    cudaGraph_t graph = nullptr;
    if (cudaStreamEndCapture(stream_, &graph) == cudaSuccess) (void)cudaGraphDestroy(graph);
  }
  (void)cudaStreamDestroy(stream_);
  (void)cudaGetLastError();
}

cudaGraph_t GraphRecording::finish() {
  cudaGraph_t graph = nullptr;
  check(cudaStreamEndCapture(stream_, &graph), "cudaStreamEndCapture");
  return graph;
}

}  // namespace kindling::kernels::cuda
