// SPDX-License-Identifier: MIT
#pragma once

#include <kindling/kernels/math/functions.h>
#include <kindling/kernels/math/op.h>

/// The element-wise losses as functions of the error d = input - target: f, and its derivative df
/// by the input. parameter: the delta of Huber, not used by the others.
namespace kindling::math {

struct SquaredError {
  template <class T>
  static KINDLING_HOST_DEVICE T f(T d, T) {
    return d * d;
  }
  template <class T>
  static KINDLING_HOST_DEVICE T df(T d, T) {
    return T(2) * d;
  }
};

struct AbsoluteError {
  template <class T>
  static KINDLING_HOST_DEVICE T f(T d, T) {
    return abs(d);
  }
  template <class T>
  static KINDLING_HOST_DEVICE T df(T d, T) {
    return sign(d);
  }
};

/// d^2 / 2 up to delta, then the tangent (Huber, 1964).
struct Huber {
  template <class T>
  static KINDLING_HOST_DEVICE T f(T d, T delta) {
    const T size = abs(d);
    return size <= delta ? T(0.5) * d * d : delta * (size - T(0.5) * delta);
  }
  template <class T>
  static KINDLING_HOST_DEVICE T df(T d, T delta) {
    return abs(d) <= delta ? d : delta * sign(d);
  }
};

/// Calls function(functor) with the functor of `op`.
template <class F>
KINDLING_HOST_DEVICE auto visit(kernels::LossOp op, const F& function) {
  using enum kernels::LossOp;
  switch (op) {
    case squared_error:
      return function(SquaredError{});
    case absolute_error:
      return function(AbsoluteError{});
    case huber:
      return function(Huber{});
  }
  __builtin_unreachable();
}

}  // namespace kindling::math
