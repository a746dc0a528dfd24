// SPDX-License-Identifier: MIT
#pragma once

#include <kindling/core/dtype.h>
#include <kindling/core/shape.h>

#include <cstdint>

namespace kindling {

/// What a kernel sees of a tensor: contiguous elements it does not own. Dimensions that matter to a
/// kernel stand by name in its arguments. A default-constructed View means "not given".
struct View {
  void* data = nullptr;
  std::int64_t numel = 0;
  DType dtype = DType::float32;
};

/// A dtype of the same size, of whose elements kernels only move the bits.
constexpr DType moved_as(DType dtype) noexcept {
  return dtype == DType::int64 ? DType::float64 : dtype;
}

/// Sizes and element strides of up to two operands that are walked together with a third,
/// contiguous one; outermost first. A stride of 0 repeats the operand along that dimension
/// (broadcasting).
struct Strides {
  int rank = 0;
  std::int64_t size[kMaxRank] = {};
  std::int64_t first[kMaxRank] = {};
  std::int64_t second[kMaxRank] = {};
};

}  // namespace kindling
