// SPDX-License-Identifier: MIT
#pragma once

#include <kindling/kernels/math/functions.h>
#include <kindling/kernels/math/visit.h>

#include <cstdint>

/// The binary element-wise formulas, their gradients, and which operands those read.
namespace kindling::kernels {

enum class BinaryOp : std::uint8_t {
  add,
  sub,
  mul,
  div,
  pow,
  maximum,
  minimum,
  at_least,  // a, and b where a is less
  at_most,
  keep,  // b where the mask a is not 0
  drop,  // b where the mask a is 0
  // comparisons: 1 or 0
  equal,
  not_equal,
  less,
  less_equal,
  last = less_equal
};

}  // namespace kindling::kernels

namespace kindling::math {

using kernels::BinaryOp;

/// Whether results are tracked; those of comparisons are made of steps.
KINDLING_HOST_DEVICE bool has_gradient(BinaryOp op) { return op < BinaryOp::equal; }

/// Whether whole numbers have it: what indices need, and no more.
KINDLING_HOST_DEVICE bool is_for_whole_numbers(BinaryOp op) {
  return op != BinaryOp::div && op != BinaryOp::pow;
}

/// Not called for whole numbers.
template <class T>
KINDLING_HOST_DEVICE T power(T a, T b) {
  if constexpr (std::is_same_v<T, std::int64_t>)
    return a;
  else
    return pow(a, b);
}

// clang-format off

/// y = a op b. What keep and drop leave out is -0, which changes nothing that is added to it.
template <class T>
KINDLING_HOST_DEVICE T value(BinaryOp op, T a, T b) {
  switch (op) {
    case BinaryOp::add:        return a + b;
    case BinaryOp::sub:        return a - b;
    case BinaryOp::mul:        return a * b;
    case BinaryOp::div:        return a / b;
    case BinaryOp::pow:        return power(a, b);
    case BinaryOp::maximum:    return a > b || is_nan(a) ? a : b;
    case BinaryOp::minimum:    return a < b || is_nan(a) ? a : b;
    case BinaryOp::at_least:   return a < b ? b : a;
    case BinaryOp::at_most:    return a > b ? b : a;
    case BinaryOp::keep:       return a != T(0) ? b : -T(0);
    case BinaryOp::drop:       return a != T(0) ? -T(0) : b;
    case BinaryOp::equal:      return a == b ? T(1) : T(0);
    case BinaryOp::not_equal:  return a != b ? T(1) : T(0);
    case BinaryOp::less:       return a < b ? T(1) : T(0);
    case BinaryOp::less_equal: return a <= b ? T(1) : T(0);
  }
  __builtin_unreachable();
}

/// The gradient of a power's operand. At a base of 0 the exponent's is 0, as PyTorch has it.
template <class T>
KINDLING_HOST_DEVICE T power_gradient(int operand, T a, T b, T g) {
  if (operand == 0) return b == T(0) ? T(0) : g * (b * pow(a, b - T(1)));
  return a == T(0) && b >= T(0) ? T(0) : g * (pow(a, b) * log(a));
}

/// The gradient of operand 0 (a) or 1 (b) where that of the result is g. Equal operands of maximum
/// and minimum share it.
template <class T>
KINDLING_HOST_DEVICE T gradient(BinaryOp op, int operand, T a, T b, T g) {
  const T own = operand == 0 ? a : b;
  const T other = operand == 0 ? b : a;
  switch (op) {
    case BinaryOp::add:      return g;
    case BinaryOp::sub:      return operand == 0 ? g : -g;
    case BinaryOp::mul:      return operand == 0 ? g * b : g * a;
    case BinaryOp::div:      return operand == 0 ? g / b : -g * (a / b / b);
    case BinaryOp::pow:      return power_gradient(operand, a, b, g);
    case BinaryOp::maximum:  return own == other ? T(0.5) * g : own < other ? T(0) : g;
    case BinaryOp::minimum:  return own == other ? T(0.5) * g : own > other ? T(0) : g;
    case BinaryOp::at_least: return (a < b) == (operand == 1) ? g : T(0);
    case BinaryOp::at_most:  return (a > b) == (operand == 1) ? g : T(0);
    case BinaryOp::keep:     return operand == 1 && a != T(0) ? g : T(0);
    case BinaryOp::drop:     return operand == 1 && a == T(0) ? g : T(0);
    case BinaryOp::equal: case BinaryOp::not_equal: case BinaryOp::less: case BinaryOp::less_equal:
      return T(0);
  }
  __builtin_unreachable();
}

/// Whether the gradient of an operand reads the value of the `other` one, or its own.
KINDLING_HOST_DEVICE bool reads_other(BinaryOp op) {
  return op >= BinaryOp::mul && has_gradient(op);
}
KINDLING_HOST_DEVICE bool reads_own(BinaryOp op, int operand) {
  return op == BinaryOp::div ? operand == 1 : op >= BinaryOp::pow && op <= BinaryOp::at_most;
}

// clang-format on

}  // namespace kindling::math
