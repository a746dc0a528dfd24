// SPDX-License-Identifier: MIT
#pragma once

#include <kindling/kernels/cuda/sums.cuh>
#include <kindling/kernels/math/elementwise.h>

namespace kindling::kernels::cuda {

/// The epilogue of one element of c.
template <class T>
__device__ __forceinline__ T finished(const Product& p, T value, std::int64_t row,
                                      std::int64_t column) {
  const std::int64_t at = row * p.n + column;
  if (p.bias.data != nullptr) value += static_cast<const T*>(p.bias.data)[column];
  if (p.pre_activation.data != nullptr) static_cast<T*>(p.pre_activation.data)[at] = value;
  if (p.activation > UnaryOp::last_activation) __builtin_unreachable();  // saves their registers
  value = math::value(p.activation, value);
  if (p.mask.data != nullptr)
    value = math::gradient(UnaryOp::relu, static_cast<const T*>(p.mask.data)[at], value);
  return value;
}

/// Queues the product if a side of it is so short that a tile would be mostly empty.
bool run_thin(const Context& context, const Product& product);

}  // namespace kindling::kernels::cuda
