// SPDX-License-Identifier: MIT
#pragma once

#include <kindling/kernels/math/functions.h>
#include <kindling/kernels/math/trigonometry.h>
#include <kindling/kernels/math/visit.h>

#include <cstdint>

/// The unary element-wise formulas: what each is called, what it computes, its gradient, and what
/// the gradient is computed from. A new one is a name and a line in each table here, and one public
/// function.
namespace kindling::kernels {

enum class UnaryOp : std::uint8_t {
  // nn::Activation, in its order
  identity,
  relu,
  gelu,
  gelu_tanh,
  silu,
  tanh,
  sigmoid,
  last_activation = sigmoid,
  // the others
  neg,
  exp,
  log,
  sqrt,
  square,
  abs,
  sin,
  cos,
  log1p,
  expm1,
  softplus,
  sign,
  floor,
  isnan,
  last = isnan
};

// clang-format off

/// As errors name it.
constexpr const char* name_of(UnaryOp op) {
  switch (op) {
    case UnaryOp::identity:  return "identity";
    case UnaryOp::relu:      return "relu";
    case UnaryOp::gelu:      return "gelu";
    case UnaryOp::gelu_tanh: return "gelu_tanh";
    case UnaryOp::silu:      return "silu";
    case UnaryOp::tanh:      return "tanh";
    case UnaryOp::sigmoid:   return "sigmoid";
    case UnaryOp::neg:       return "neg";
    case UnaryOp::exp:       return "exp";
    case UnaryOp::log:       return "log";
    case UnaryOp::sqrt:      return "sqrt";
    case UnaryOp::square:    return "square";
    case UnaryOp::abs:       return "abs";
    case UnaryOp::sin:       return "sin";
    case UnaryOp::cos:       return "cos";
    case UnaryOp::log1p:     return "log1p";
    case UnaryOp::expm1:     return "expm1";
    case UnaryOp::softplus:  return "softplus";
    case UnaryOp::sign:      return "sign";
    case UnaryOp::floor:     return "floor";
    case UnaryOp::isnan:     return "isnan";
  }
  __builtin_unreachable();
}

// clang-format on

}  // namespace kindling::kernels

namespace kindling::math {

using kernels::UnaryOp;

/// GELU's tanh form is x (1 + tanh(u)) / 2 = x sigmoid(2 u), u = sqrt(2 / pi) (x + 0.044715 x^3)
/// (Hendrycks & Gimpel, arXiv:1606.08415).
template <class T>
KINDLING_HOST_DEVICE T gelu_tanh_2u(T x) {
  return T(1.59576912160573071176) * x * (T(1) + T(0.044715) * x * x);
}
template <class T>
KINDLING_HOST_DEVICE T gelu_tanh_2u_slope(T x) {
  return T(1.59576912160573071176) * (T(1) + T(0.134145) * x * x);
}

/// The derivative of x sigmoid(u), given that of u.
template <class T>
KINDLING_HOST_DEVICE T gated_slope(T x, T u, T u_slope) {
  const T s = sigmoid(u);
  return s + weighted(s * (T(1) - s), x * u_slope);
}

// clang-format off

/// y = f(x)
template <class T>
KINDLING_HOST_DEVICE T value(UnaryOp op, T x) {
  switch (op) {
    case UnaryOp::identity:  return x;
    case UnaryOp::relu:      return x <= T(0) ? T(0) : x;  // a NaN passes
    case UnaryOp::gelu:      return weighted(normal_cdf(x), x);
    case UnaryOp::gelu_tanh: return weighted(sigmoid(gelu_tanh_2u(x)), x);
    case UnaryOp::silu:      return weighted(sigmoid(x), x);
    case UnaryOp::tanh:      return tanh(x);
    case UnaryOp::sigmoid:   return sigmoid(x);
    case UnaryOp::neg:       return -x;
    case UnaryOp::exp:       return exp(x);
    case UnaryOp::log:       return log(x);
    case UnaryOp::sqrt:      return sqrt(x);
    case UnaryOp::square:    return x * x;
    case UnaryOp::abs:       return abs(x);
    case UnaryOp::sin:       return sin(x);
    case UnaryOp::cos:       return cos(x);
    case UnaryOp::log1p:     return log1p(x);
    case UnaryOp::expm1:     return expm1(x);
    case UnaryOp::softplus:  return softplus(x);
    case UnaryOp::sign:      return times_sign(T(1), x);
    case UnaryOp::floor:     return floor(x);
    case UnaryOp::isnan:     return is_nan(x) ? T(1) : T(0);
  }
  __builtin_unreachable();
}

/// The gradient of x where that of y is g: g f'(x), computed from x or y, as saved_of says. At a
/// kink the derivative is PyTorch's, 0, and so is the gradient, whatever g.
template <class T>
KINDLING_HOST_DEVICE T gradient(UnaryOp op, T saved, T g) {
  const T x = saved;
  const T y = saved;
  switch (op) {
    case UnaryOp::identity:  return g;
    case UnaryOp::relu:      return y <= T(0) ? T(0) : g;
    case UnaryOp::gelu:      return g * (normal_cdf(x) + weighted(normal_density(x), x));
    case UnaryOp::gelu_tanh: return g * gated_slope(x, gelu_tanh_2u(x), gelu_tanh_2u_slope(x));
    case UnaryOp::silu:      return g * gated_slope(x, x, T(1));
    case UnaryOp::tanh:      return g * (T(1) - y * y);
    case UnaryOp::sigmoid:   return g * (y * (T(1) - y));
    case UnaryOp::neg:       return -g;
    case UnaryOp::exp:       return g * y;
    case UnaryOp::log:       return g / x;
    case UnaryOp::sqrt:      return T(0.5) * g / y;
    case UnaryOp::square:    return T(2) * g * x;
    case UnaryOp::abs:       return times_sign(g, x);
    case UnaryOp::sin:       return g * cos(x);
    case UnaryOp::cos:       return -g * sin(x);
    case UnaryOp::log1p:     return g / (T(1) + x);
    case UnaryOp::expm1:     return g * (y + T(1));
    case UnaryOp::softplus:  return g * sigmoid(x);
    case UnaryOp::sign: case UnaryOp::floor: case UnaryOp::isnan:
      return T(0);
  }
  __builtin_unreachable();
}

/// What the gradient is computed from, and so what must be saved for it; `steps`: the function is
/// made of steps, and its results are not tracked.
enum class Saved : std::uint8_t { none, input, output, steps };

KINDLING_HOST_DEVICE Saved saved_of(UnaryOp op) {
  switch (op) {
    case UnaryOp::identity: case UnaryOp::neg:
      return Saved::none;
    case UnaryOp::gelu: case UnaryOp::gelu_tanh: case UnaryOp::silu:
    case UnaryOp::log: case UnaryOp::square: case UnaryOp::abs: case UnaryOp::sin:
    case UnaryOp::cos: case UnaryOp::log1p: case UnaryOp::softplus:
      return Saved::input;
    case UnaryOp::relu: case UnaryOp::tanh: case UnaryOp::sigmoid:
    case UnaryOp::exp: case UnaryOp::sqrt: case UnaryOp::expm1:
      return Saved::output;
    case UnaryOp::sign: case UnaryOp::floor: case UnaryOp::isnan:
      return Saved::steps;
  }
  __builtin_unreachable();
}

// clang-format on

}  // namespace kindling::math
