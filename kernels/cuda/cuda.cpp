// SPDX-License-Identifier: MIT
#include <kindling/core/cuda.h>
#include <kindling/core/error.h>
#include <kindling/kernels/cuda/check.h>
#include <kindling/kernels/cuda/context.h>

#include <cstdlib>
#include <memory>
#include <mutex>
#include <vector>

namespace kindling {

namespace kernels::cuda {
namespace {

/// The GPUs of this process, each set up when it is first asked for. Never destroyed: tensors may
/// be freed in destructors of static objects, when the runtime is gone.
class Devices {
 public:
  static Devices& get() {
    static auto* devices = new Devices;
    return *devices;
  }

  int count() const noexcept { return static_cast<int>(contexts_.size()); }
  cudaError_t status() const noexcept { return status_; }

  Context* context(int index) {
    if (index < 0 || index >= count()) return nullptr;
    const std::lock_guard<std::mutex> lock(mutex_);
    std::unique_ptr<Context>& context = contexts_[static_cast<std::size_t>(index)];
    if (!context) context = std::make_unique<Context>(index);
    return context.get();
  }

 private:
  Devices() {
    int count = 0;
    status_ = cudaGetDeviceCount(&count);
    (void)cudaGetLastError();
    // One GPU for now: a second would have to be made current in every thread that uses it.
    if (status_ != cudaSuccess || count == 0) return;
    contexts_.resize(1);
    std::atexit([] {
      for (const std::unique_ptr<Context>& context : get().contexts_)
        if (context) context->release();
    });
  }

  cudaError_t status_ = cudaSuccess;
  std::mutex mutex_;
  std::vector<std::unique_ptr<Context>> contexts_;
};

Context& first_device(const char* function) {
  Context* context = Devices::get().context(0);
  if (context != nullptr) return *context;
  throw DeviceError(message("cuda::", function, ": ", why_unavailable(0)));
}

}  // namespace

Backend* backend(int index) { return Devices::get().context(index); }

std::string why_unavailable(int index) {
  const Devices& devices = Devices::get();
  if (devices.status() != cudaSuccess) {
    return message("no GPU can be used: ", cudaGetErrorString(devices.status()), " (",
                   cudaGetErrorName(devices.status()),
                   "): install or update NVIDIA's driver, or use Device::cpu()");
  }
  return message("GPU ", index, " cannot be used: there ", devices.count() == 1 ? "is " : "are ",
                 devices.count(), ", counted from 0: use one of these, or Device::cpu()");
}

}  // namespace kernels::cuda

namespace cuda {

bool is_available() noexcept {
  try {
    return kernels::cuda::backend(0) != nullptr;
  } catch (const Error&) {
    return false;
  }
}

std::string device_name() { return kernels::cuda::first_device("device_name").properties().name; }
void synchronize() { kernels::cuda::first_device("synchronize").synchronize(); }
MemoryStats memory_stats() { return kernels::cuda::first_device("memory_stats").memory().stats(); }
void* stream() { return kernels::cuda::first_device("stream").device_stream(); }

}  // namespace cuda

}  // namespace kindling
