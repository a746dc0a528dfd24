// SPDX-License-Identifier: MIT
#pragma once

#include <kindling/kernels/math/host_device.h>
#include <kindling/kernels/math/visit.h>

#include <cstdint>

/// The binary element-wise formulas, their gradients, and which operands those read.
namespace kindling::kernels {

enum class BinaryOp : std::uint8_t { add, sub, mul, div, last = div };

}  // namespace kindling::kernels

namespace kindling::math {

using kernels::BinaryOp;

// clang-format off

template <class T>
KINDLING_HOST_DEVICE T value(BinaryOp op, T a, T b) {
  switch (op) {
    case BinaryOp::add: return a + b;
    case BinaryOp::sub: return a - b;
    case BinaryOp::mul: return a * b;
    case BinaryOp::div: return a / b;
  }
  __builtin_unreachable();
}

/// The gradient of operand 0 (a) or 1 (b) where that of the result is g.
template <class T>
KINDLING_HOST_DEVICE T gradient(BinaryOp op, int operand, T a, T b, T g) {
  switch (op) {
    case BinaryOp::add: return g;
    case BinaryOp::sub: return operand == 0 ? g : -g;
    case BinaryOp::mul: return operand == 0 ? g * b : g * a;
    case BinaryOp::div: return operand == 0 ? g / b : -g * (a / b / b);
  }
  __builtin_unreachable();
}

/// Whether the gradient of an operand reads the value of the `other` one, or its own.
KINDLING_HOST_DEVICE bool reads_other(BinaryOp op) {
  return op == BinaryOp::mul || op == BinaryOp::div;
}
KINDLING_HOST_DEVICE bool reads_own(BinaryOp op, int operand) {
  return op == BinaryOp::div && operand == 1;
}

// clang-format on

}  // namespace kindling::math
