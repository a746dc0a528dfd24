// SPDX-License-Identifier: MIT
#pragma once

#include <kindling/core/tensor.h>
#include <kindling/core/tensor_impl.h>
#include <kindling/kernels/backend.h>

#include "tests/support/array.h"

#include <cstddef>
#include <limits>
#include <type_traits>
#include <vector>

namespace kindling::test {

/// Memory of a device between guard words, which the destructor checks: a kernel that writes past
/// either end is found out. So is one that computes with what lies there: as a number it is NaN.
class GuardedMemory {
 public:
  /// An odd number of elements is not aligned, an even one is.
  GuardedMemory(kernels::Backend& backend, const void* content, std::size_t elements,
                std::size_t element_size);
  ~GuardedMemory();
  GuardedMemory(GuardedMemory&& other) noexcept;
  GuardedMemory& operator=(GuardedMemory&&) = delete;

  void* data() const { return all_ + before_; }
  void write(const void* content);
  void read(void* content) const;
  testing::AssertionResult guards_intact() const;

 private:
  kernels::Backend* backend_;
  std::size_t before_;  // bytes of the first guard
  std::size_t bytes_;   // of the elements
  unsigned char* all_;

  std::size_t all_bytes() const;
};

/// Guarded elements, or states and records, in the memory of a backend.
template <class T>
class Buffer {
  static_assert(std::is_trivially_copyable_v<T>);

 public:
  Buffer(kernels::Backend& backend, const std::vector<T>& values)
      : numel_(values.size()), memory_(backend, values.data(), values.size(), sizeof(T)) {}
  Buffer(kernels::Backend& backend, std::int64_t numel,
         T value = std::numeric_limits<T>::quiet_NaN())
      : Buffer(backend, std::vector<T>(static_cast<std::size_t>(numel), value)) {}

  T* data() const { return static_cast<T*>(memory_.data()); }
  View view() const { return {data(), static_cast<std::int64_t>(numel_), dtype_of<T>}; }
  testing::AssertionResult guards_intact() const { return memory_.guards_intact(); }
  /// As many values as there were.
  void set(const std::vector<T>& values) { memory_.write(values.data()); }
  std::vector<T> values() const {
    std::vector<T> values(numel_);
    memory_.read(values.data());
    return values;
  }

 private:
  std::size_t numel_;
  GuardedMemory memory_;
};

/// One state or record in the memory of a backend.
template <class T>
class Placed {
 public:
  explicit Placed(kernels::Backend& backend, const T& value = {})
      : buffer_(backend, std::vector<T>{value}) {}

  T* data() const { return buffer_.data(); }
  T value() const { return buffer_.values()[0]; }
  void set(const T& value) { buffer_.set({value}); }

 private:
  Buffer<T> buffer_;
};

/// A tensor whose elements, and those of its gradient, are guarded. The gradient's memory is full
/// of NaN at first, so that a backward that adds where it should overwrite is found out, too.
class Guarded {
 public:
  Guarded(const Array& array, DType dtype, Device device);

  const Tensor& tensor() const { return tensor_; }
  /// Asks for a gradient, in guarded memory.
  void require_grad();
  /// Makes the gradient undefined and fills its memory with NaN.
  void forget_grad();

  /// The guards are whole, and the elements as they were.
  testing::AssertionResult intact() const;

 private:
  detail::Intrusive<detail::TensorImpl> over(const GuardedMemory& memory) const;

  Array array_;
  DType dtype_;
  Device device_;
  GuardedMemory memory_;
  GuardedMemory grad_memory_;
  Tensor tensor_;
};

}  // namespace kindling::test
