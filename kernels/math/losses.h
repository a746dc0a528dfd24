// SPDX-License-Identifier: MIT
#pragma once

#include <kindling/kernels/math/functions.h>
#include <kindling/kernels/math/visit.h>

#include <cstdint>

/// The element-wise losses as functions of the error d = input - target. parameter: the delta of
/// Huber, not used by the others. Equal infinities have no difference: there a loss and its
/// gradient are NaN, as in PyTorch. A new one is a name and a line in each table here, and a public
/// function and class.
namespace kindling::kernels {

enum class LossOp : std::uint8_t { squared_error, absolute_error, huber, last = huber };

}  // namespace kindling::kernels

namespace kindling::math {

using kernels::LossOp;

/// d^2 / 2 up to delta, then the tangent (Huber, 1964).
template <class T>
KINDLING_HOST_DEVICE T huber(T d, T delta) {
  const T size = abs(d);
  return size <= delta ? T(0.5) * d * d : delta * (size - T(0.5) * delta);
}
template <class T>
KINDLING_HOST_DEVICE T huber_slope(T d, T delta) {
  return d < -delta ? -delta : d > delta ? delta : d;
}

// clang-format off

template <class T>
KINDLING_HOST_DEVICE T value(LossOp op, T d, T parameter) {
  switch (op) {
    case LossOp::squared_error:  return d * d;
    case LossOp::absolute_error: return abs(d);
    case LossOp::huber:          return huber(d, parameter);
  }
  __builtin_unreachable();
}

/// The gradient of the input where that of the loss is g.
template <class T>
KINDLING_HOST_DEVICE T gradient(LossOp op, T d, T parameter, T g) {
  switch (op) {
    case LossOp::squared_error:  return T(2) * g * d;
    case LossOp::absolute_error: return times_sign(g, d);
    case LossOp::huber:          return g * huber_slope(d, parameter);
  }
  __builtin_unreachable();
}

// clang-format on

}  // namespace kindling::math
