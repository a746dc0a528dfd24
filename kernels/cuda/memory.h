// SPDX-License-Identifier: MIT
#pragma once

#include <kindling/core/cuda.h>

#include <cuda_runtime_api.h>

#include <cstddef>
#include <mutex>
#include <unordered_map>
#include <vector>

namespace kindling::kernels::cuda {

/// Memory of a device for work on one stream. A freed block is lent again at once: whatever uses it
/// next comes later on the stream than what used it before. So a training step that has run once
/// asks the driver for nothing.
class Memory {
 public:
  Memory(int device, cudaStream_t stream) : device_(device), stream_(stream) {}
  Memory(const Memory&) = delete;
  Memory& operator=(const Memory&) = delete;

  /// 256-byte aligned, nullptr for none. OutOfMemoryError, with everything still usable.
  void* allocate(std::size_t bytes);
  void deallocate(void* data, std::size_t bytes) noexcept;
  kindling::cuda::MemoryStats stats();
  /// Gives the driver what is free, now and from now on. Does not wait.
  void close();

 private:
  /// The blocks of one size.
  struct Blocks {
    std::size_t count = 0;  // in use and free
    std::vector<void*> free;
  };

  void* from_driver(std::size_t size, std::size_t asked);
  void give_back_free_blocks();

  int device_;
  cudaStream_t stream_;
  std::mutex mutex_;
  std::unordered_map<std::size_t, Blocks> blocks_;  // by size
  kindling::cuda::MemoryStats stats_;
  bool closed_ = false;
};

}  // namespace kindling::kernels::cuda
