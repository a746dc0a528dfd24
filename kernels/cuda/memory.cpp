// SPDX-License-Identifier: MIT
#include <kindling/core/error.h>
#include <kindling/core/size_class.h>
#include <kindling/kernels/cuda/check.h>
#include <kindling/kernels/cuda/memory.h>

#include <algorithm>

namespace kindling::kernels::cuda {
namespace {

std::size_t block_size(std::size_t bytes) {
  return detail::size_class(std::max<std::size_t>(bytes, 256)).bytes;
}

}  // namespace

void* Memory::allocate(std::size_t bytes) {
  if (bytes == 0) return nullptr;
  const std::size_t size = block_size(bytes);
  const std::lock_guard<std::mutex> lock(mutex_);
  Blocks& blocks = blocks_[size];
  void* data = nullptr;
  if (!blocks.free.empty()) {
    data = blocks.free.back();
    blocks.free.pop_back();
  } else {
    blocks.free.reserve(blocks.count + 1);  // so that deallocate() cannot fail
    data = from_driver(size, bytes);
    ++blocks.count;
    stats_.reserved_bytes += static_cast<std::int64_t>(size);
  }
  stats_.allocated_bytes += static_cast<std::int64_t>(size);
  stats_.peak_bytes = std::max(stats_.peak_bytes, stats_.allocated_bytes);
  return data;
}

void Memory::deallocate(void* data, std::size_t bytes) noexcept {
  if (data == nullptr) return;
  const std::size_t size = block_size(bytes);
  const std::lock_guard<std::mutex> lock(mutex_);
  if (closed_) {  // in a destructor of a static object, maybe after the runtime's end
    (void)cudaFreeAsync(data, stream_);
    return;
  }
  blocks_.find(size)->second.free.push_back(data);
  stats_.allocated_bytes -= static_cast<std::int64_t>(size);
}

kindling::cuda::MemoryStats Memory::stats() {
  const std::lock_guard<std::mutex> lock(mutex_);
  return stats_;
}

void Memory::close() {
  const std::lock_guard<std::mutex> lock(mutex_);
  closed_ = true;
  give_back_free_blocks();
}

void* Memory::from_driver(std::size_t size, std::size_t asked) {
  void* data = nullptr;
  cudaError_t status = cudaMallocAsync(&data, size, stream_);
  if (status == cudaErrorMemoryAllocation) {
    (void)cudaGetLastError();
    give_back_free_blocks();  // those of other sizes may be what is missing
    check(cudaStreamSynchronize(stream_), "cudaStreamSynchronize");
    status = cudaMallocAsync(&data, size, stream_);
  }
  if (status != cudaErrorMemoryAllocation) {
    check(status, "cudaMallocAsync");
    return data;
  }
  (void)cudaGetLastError();
  std::size_t free = 0;
  std::size_t total = 0;
  check(cudaMemGetInfo(&free, &total), "cudaMemGetInfo");
  throw OutOfMemoryError(message("cuda:", device_, ": ", asked,
                                 " bytes of memory could not be had: ", stats_.allocated_bytes,
                                 " are used by tensors, ", free, " of ", total,
                                 " are free: free tensors or use smaller ones"));
}

void Memory::give_back_free_blocks() {
  for (auto& [size, blocks] : blocks_) {
    while (!blocks.free.empty()) {
      check(cudaFreeAsync(blocks.free.back(), stream_), "cudaFreeAsync");
      blocks.free.pop_back();
      --blocks.count;
      stats_.reserved_bytes -= static_cast<std::int64_t>(size);
    }
  }
}

}  // namespace kindling::kernels::cuda
