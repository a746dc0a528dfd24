// SPDX-License-Identifier: MIT
#pragma once

#include <kindling/core/checks.h>
#include <kindling/core/tensor.h>
#include <kindling/kernels/backend.h>

namespace kindling::detail {

/// The kernels of a device. DeviceError when it is not there.
kernels::Backend& backend_of(Device device);

/// A tensor on new, uninitialised memory. ShapeError naming `op` when there is no such shape.
inline Tensor make_tensor(const char* op, const Shape& shape, DType dtype, Device device) {
  const std::int64_t numel = checked_numel(op, shape);
  return Tensor(TensorImpl::make(Storage::allocate(numel, dtype, device), 0, shape, numel));
}
/// The same, with shape, dtype and device of `other`.
inline Tensor make_like(const Tensor& other) {
  const TensorImpl& impl = *other.impl();
  const Storage& storage = *impl.storage;
  return Tensor(TensorImpl::make(Storage::allocate(impl.numel, storage.dtype, storage.device), 0,
                                 impl.shape, impl.numel));
}
/// The same, with the dtype and device of `other`.
inline Tensor make_tensor(const char* op, const Shape& shape, const Tensor& other) {
  const Storage& storage = *other.impl()->storage;
  return make_tensor(op, shape, storage.dtype, storage.device);
}

inline kernels::Backend& backend_of(const Tensor& tensor) {
  return backend_of(tensor.impl()->storage->device);
}

/// How many commands of each kind a thread has issued.
struct CommandCounts {
  std::int64_t of_kind[kernels::AllCommands::kCount] = {};

  template <class Command>
  std::int64_t of() const noexcept {
    return of_kind[kernels::kKind<Command>];
  }
  std::int64_t total() const noexcept {
    std::int64_t sum = 0;
    for (const std::int64_t count : of_kind) sum += count;
    return sum;
  }
};
inline constinit thread_local CommandCounts issued_commands;

/// Runs one command. Every one of them passes here.
template <class Command>
void issue(kernels::Backend& backend, const Command& command) {
  ++issued_commands.of_kind[kernels::kKind<Command>];
  kernels::run(backend, command);
}

/// What a kernel sees of a tensor; an undefined one gives an empty View.
inline View view(const TensorImpl& impl) noexcept {
  const Storage& storage = *impl.storage;
  auto* data = static_cast<char*>(storage.data) + impl.offset * size_of(storage.dtype);
  return {data, impl.numel, storage.dtype};
}
inline View view(const Tensor& tensor) noexcept {
  const TensorImpl* impl = tensor.impl();
  return impl == nullptr ? View{} : view(*impl);
}

/// Same, after counting the change: for kernels that overwrite a tensor that others may have saved.
inline View changed_view(const Tensor& tensor) noexcept {
  ++tensor.impl()->storage->version;
  return view(tensor);
}

/// Copies elements between devices and dtypes. Waits when it leaves a GPU.
void transfer(View source, Device from, View target, Device to);

/// Copies (or adds) contiguous elements, converting the dtype.
inline void issue_copy(Device device, View source, View target, bool accumulate = false) {
  const Strides strides{.rank = 1, .size = {source.numel}, .first = {1}, .second = {1}};
  issue(backend_of(device), kernels::Copy{source, target, strides, accumulate});
}

}  // namespace kindling::detail
