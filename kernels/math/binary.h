// SPDX-License-Identifier: MIT
#pragma once

#include <kindling/kernels/math/host_device.h>
#include <kindling/kernels/math/op.h>

/// The binary element-wise formulas: f(a, b), its derivatives da and db, and which operands each of
/// those reads.
namespace kindling::math {

struct Reads {
  bool a;
  bool b;
};

struct Add {
  static constexpr Reads reads[2] = {{false, false}, {false, false}};
  template <class T>
  static KINDLING_HOST_DEVICE T f(T a, T b) {
    return a + b;
  }
  template <class T>
  static KINDLING_HOST_DEVICE T da(T, T) {
    return T(1);
  }
  template <class T>
  static KINDLING_HOST_DEVICE T db(T, T) {
    return T(1);
  }
};

struct Sub {
  static constexpr Reads reads[2] = {{false, false}, {false, false}};
  template <class T>
  static KINDLING_HOST_DEVICE T f(T a, T b) {
    return a - b;
  }
  template <class T>
  static KINDLING_HOST_DEVICE T da(T, T) {
    return T(1);
  }
  template <class T>
  static KINDLING_HOST_DEVICE T db(T, T) {
    return T(-1);
  }
};

struct Mul {
  static constexpr Reads reads[2] = {{false, true}, {true, false}};
  template <class T>
  static KINDLING_HOST_DEVICE T f(T a, T b) {
    return a * b;
  }
  template <class T>
  static KINDLING_HOST_DEVICE T da(T, T b) {
    return b;
  }
  template <class T>
  static KINDLING_HOST_DEVICE T db(T a, T) {
    return a;
  }
};

struct Div {
  static constexpr Reads reads[2] = {{false, true}, {true, true}};
  template <class T>
  static KINDLING_HOST_DEVICE T f(T a, T b) {
    return a / b;
  }
  template <class T>
  static KINDLING_HOST_DEVICE T da(T, T b) {
    return T(1) / b;
  }
  template <class T>
  static KINDLING_HOST_DEVICE T db(T a, T b) {
    return -(a / b) / b;
  }
};

/// Calls function(functor) with the functor of `op`.
template <class F>
KINDLING_HOST_DEVICE auto visit(kernels::BinaryOp op, const F& function) {
  using enum kernels::BinaryOp;
  switch (op) {
    case add:
      return function(Add{});
    case sub:
      return function(Sub{});
    case mul:
      return function(Mul{});
    case div:
      return function(Div{});
  }
  __builtin_unreachable();
}

/// Which operands the derivative of `op` by operand 0 (a) or 1 (b) reads, and so which must be
/// saved.
KINDLING_HOST_DEVICE Reads reads_of(kernels::BinaryOp op, int operand) {
  return visit(op, [operand](auto functor) { return functor.reads[operand]; });
}

}  // namespace kindling::math
