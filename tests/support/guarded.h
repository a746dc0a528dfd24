// SPDX-License-Identifier: MIT
#pragma once

#include <kindling/core/tensor.h>

#include "tests/support/array.h"

#include <cstddef>
#include <vector>

namespace kindling::test {

/// A tensor whose elements, and those of its gradient, lie between guard words on the CPU, so that
/// a kernel that writes past either end is found out. The gradient's memory is full of NaN at
/// first, so that a backward that adds where it should overwrite is, too. On a GPU the tensor is an
/// ordinary one.
class Guarded {
 public:
  Guarded(const Array& array, DType dtype, Device device);
  Guarded(Guarded&&) = default;
  Guarded& operator=(Guarded&&) = default;

  const Tensor& tensor() const { return tensor_; }
  /// Asks for a gradient, in guarded memory.
  void require_grad();
  /// Makes the gradient undefined and fills its memory with NaN.
  void forget_grad();

  /// The guards are whole, and the elements as they were.
  testing::AssertionResult intact() const;

 private:
  static constexpr std::size_t kGuardBytes = 64;

  struct Memory {
    Memory(const Array& array, DType dtype);
    void* data() { return bytes.data() + kGuardBytes; }
    testing::AssertionResult guards_intact(const char* what) const;
    std::vector<unsigned char> bytes;
  };

  Array array_;
  Memory memory_;
  Memory grad_memory_;
  Tensor tensor_;
};

}  // namespace kindling::test
