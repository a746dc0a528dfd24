// SPDX-License-Identifier: MIT
#pragma once

#include <kindling/kernels/backend.h>
#include <kindling/kernels/cuda/lt_products.h>
#include <kindling/kernels/cuda/memory.h>
#include <kindling/kernels/cuda/staging.h>

#include <cuda_runtime_api.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <vector>

namespace kindling::kernels::cuda {

/// A GPU: one stream on which all work is queued, the memory for it, and what kernels need beside
/// their arguments. Kernels of one stream follow each other, so that they can share the scratch.
class Context final : public Backend {
 public:
  /// The GPU `index`, which exists.
  explicit Context(int index);

  void* allocate(std::size_t bytes) override { return memory_.allocate(bytes); }
  void deallocate(void* data, std::size_t bytes) noexcept override {
    memory_.deallocate(data, bytes);
  }
  void upload(void* target, const void* host, std::size_t bytes) override;
  void download(void* host, const void* source, std::size_t bytes) override;
  void synchronize() override;
  std::size_t relu_bits_bytes(std::int64_t m, std::int64_t n) const override {
    return lt_relu_bits_bytes(m, n);
  }
  std::unique_ptr<Program> compile(std::span<const RecordedCommand> commands) override;

  /// Where this thread's launches go: the device's stream, or the graph that the thread makes.
  cudaStream_t stream() const noexcept;
  cudaStream_t device_stream() const noexcept { return stream_; }
  Memory& memory() noexcept { return memory_; }
  LtProducts& lt() noexcept { return lt_; }
  const cudaDeviceProp& properties() const noexcept { return properties_; }

  /// Memory that one launch uses, of at least that size; what an earlier launch left in it is lost.
  void* scratch(std::size_t bytes);
  /// Counters for the blocks of one launch, zero before it and to be left zero by it.
  std::uint32_t* tickets() const noexcept { return tickets_; }

  /// Frees all that no tensor uses, at the end of the program.
  void release() noexcept;

 private:
  static constexpr std::size_t kTicketBytes = 64 * sizeof(std::uint32_t);

  struct Stream {
    Stream();
    ~Stream() { (void)cudaStreamDestroy(handle); }
    Stream(const Stream&) = delete;
    Stream& operator=(const Stream&) = delete;
    cudaStream_t handle = nullptr;
  };

  cudaDeviceProp properties_ = {};
  Stream made_stream_;
  cudaStream_t stream_;
  Memory memory_;
  Staging staging_;
  LtProducts lt_;
  std::uint32_t* tickets_ = nullptr;
  std::mutex mutex_;
  struct Scratch {
    void* data;
    std::size_t bytes;
  };
  std::vector<Scratch> scratch_;  // the last is the one to use; a graph may use the others
};

/// While it lives, this thread's launches are recorded into a graph.
class GraphRecording {
 public:
  GraphRecording();
  ~GraphRecording();
  GraphRecording(const GraphRecording&) = delete;
  GraphRecording& operator=(const GraphRecording&) = delete;

  /// Ends it; the graph is the caller's.
  cudaGraph_t finish();

 private:
  cudaStream_t stream_ = nullptr;
};

}  // namespace kindling::kernels::cuda
