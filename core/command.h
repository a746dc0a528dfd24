// SPDX-License-Identifier: MIT
#pragma once

#include <kindling/core/checks.h>
#include <kindling/core/recorder.h>
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

/// Runs one command of a step. Every one of them passes here, so that a captured step can keep it
/// and run it again. What has no place to be kept is not run.
template <class Command>
void issue(kernels::Backend& backend, const Command& command) {
  ++issued_commands.of_kind[kernels::kKind<Command>];
  if (recorder != nullptr) [[unlikely]]
    recorder->append(backend, command);
  kernels::run(backend, command);
}

inline void* address_of(const TensorImpl& tensor) noexcept {
  const Storage& storage = *tensor.storage;
  return static_cast<char*>(storage.data) + tensor.offset * size_of(storage.dtype);
}

/// What a kernel sees of a tensor; an undefined one gives an empty View.
inline View view(const TensorImpl& impl) {
  if (recorder != nullptr) [[unlikely]]
    recorder->use(*impl.storage);
  return {address_of(impl), impl.numel, impl.storage->dtype};
}
inline View view(const Tensor& tensor) {
  const TensorImpl* impl = tensor.impl();
  return impl == nullptr ? View{} : view(*impl);
}

/// Counts an in-place change, for the tensors that others may have saved.
inline void note_change(Storage& storage) {
  ++storage.version;
  if (recorder != nullptr) [[unlikely]]
    recorder->change(storage);
}

/// What a kernel sees of a tensor that it changes in place.
inline View changed_view(const Tensor& tensor) {
  note_change(*tensor.impl()->storage);
  return view(tensor);
}

/// Memory that a command is given by its address.
template <class T>
T* memory_of(const Intrusive<Storage>& storage) {
  if (recorder != nullptr) [[unlikely]]
    recorder->use(*storage);
  return static_cast<T*>(storage->data);
}

/// Whether the gradient of a leaf is defined. Only these two may look and set while a step runs: a
/// captured one has to do the same. `adapts`: a backward asks, whose first write to it overwrites
/// or adds.
inline bool gradient_defined(TensorImpl& leaf, bool adapts = false) {
  if (recorder != nullptr) [[unlikely]]
    recorder->read_gradient_flag(leaf, adapts);
  return leaf.grad_defined;
}
inline void set_gradient_defined(TensorImpl& leaf, bool defined) {
  if (recorder != nullptr) [[unlikely]]
    recorder->write_gradient_flag(leaf);
  leaf.grad_defined = defined;
}

/// The command that copies (or adds) contiguous elements, converting the dtype.
inline kernels::Copy contiguous_copy(View source, View target, bool accumulate = false) {
  const Strides strides{.rank = 1, .size = {source.numel}, .first = {1}, .second = {1}};
  return {source, target, strides, accumulate};
}
inline void issue_copy(Device device, View source, View target, bool accumulate = false) {
  issue(backend_of(device), contiguous_copy(source, target, accumulate));
}

/// Copies elements between devices and dtypes. Waits when it leaves a GPU. CaptureError where it
/// crosses to another device while a step is captured.
void transfer(const char* op, View source, Device from, View target, Device to);
/// The same from and to memory of the host that is nobody's tensor. No part of a captured step.
void copy_from_host(const char* op, View host, View target, Device to);
void copy_to_host(const char* op, View source, Device from, View host);

}  // namespace kindling::detail
