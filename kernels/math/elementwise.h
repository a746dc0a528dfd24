// SPDX-License-Identifier: MIT
#pragma once

#include <kindling/kernels/math/functions.h>

#include <cstdint>

namespace kindling::kernels {

/// The names under which unary formulas cross the seam of the backend; math::visit turns them back.
enum class UnaryOp : std::uint8_t {
  identity,
  neg,
  exp,
  log,
  sqrt,
  square,
  abs,
  relu,
  gelu,
  gelu_tanh,
  silu,
  tanh,
  sigmoid
};

}  // namespace kindling::kernels

/// Every element-wise formula, once. A unary functor has f(x), and its derivative df(s) as a
/// function of what it saves for backward: its input, its output, or nothing. At kinks the
/// derivative is PyTorch's: 0. A new op is one name, one functor and one line of visit
/// here, and one public function.
namespace kindling::math {

/// What the derivative of a unary op is computed from.
enum class Saved : std::uint8_t { none, input, output };

struct Identity {
  static constexpr Saved saved = Saved::none;
  template <class T>
  static KINDLING_HOST_DEVICE T f(T x) {
    return x;
  }
  template <class T>
  static KINDLING_HOST_DEVICE T df(T) {
    return T(1);
  }
};

struct Neg {
  static constexpr Saved saved = Saved::none;
  template <class T>
  static KINDLING_HOST_DEVICE T f(T x) {
    return -x;
  }
  template <class T>
  static KINDLING_HOST_DEVICE T df(T) {
    return T(-1);
  }
};

struct Exp {
  static constexpr Saved saved = Saved::output;
  template <class T>
  static KINDLING_HOST_DEVICE T f(T x) {
    return exp(x);
  }
  template <class T>
  static KINDLING_HOST_DEVICE T df(T y) {
    return y;
  }
};

struct Log {
  static constexpr Saved saved = Saved::input;
  template <class T>
  static KINDLING_HOST_DEVICE T f(T x) {
    return log(x);
  }
  template <class T>
  static KINDLING_HOST_DEVICE T df(T x) {
    return T(1) / x;
  }
};

struct Sqrt {
  static constexpr Saved saved = Saved::output;
  template <class T>
  static KINDLING_HOST_DEVICE T f(T x) {
    return sqrt(x);
  }
  template <class T>
  static KINDLING_HOST_DEVICE T df(T y) {
    return T(0.5) / y;
  }
};

struct Square {
  static constexpr Saved saved = Saved::input;
  template <class T>
  static KINDLING_HOST_DEVICE T f(T x) {
    return x * x;
  }
  template <class T>
  static KINDLING_HOST_DEVICE T df(T x) {
    return T(2) * x;
  }
};

struct Abs {
  static constexpr Saved saved = Saved::input;
  template <class T>
  static KINDLING_HOST_DEVICE T f(T x) {
    return abs(x);
  }
  template <class T>
  static KINDLING_HOST_DEVICE T df(T x) {
    return sign(x);
  }
};

struct Relu {
  static constexpr Saved saved = Saved::output;
  template <class T>
  static KINDLING_HOST_DEVICE T f(T x) {
    return x <= T(0) ? T(0) : x;
  }  // a NaN passes
  template <class T>
  static KINDLING_HOST_DEVICE T df(T y) {
    return y > T(0) ? T(1) : T(0);
  }
};

/// x Phi(x) (Hendrycks & Gimpel, arXiv:1606.08415)
struct Gelu {
  static constexpr Saved saved = Saved::input;
  template <class T>
  static KINDLING_HOST_DEVICE T f(T x) {
    return x * normal_cdf(x);
  }
  template <class T>
  static KINDLING_HOST_DEVICE T df(T x) {
    return normal_cdf(x) + x * normal_density(x);
  }
};

/// x (1 + tanh(u)) / 2 with u = sqrt(2 / pi) (x + 0.044715 x^3), ibid.; (1 + tanh(u)) / 2 =
/// sigmoid(2 u).
struct GeluTanh {
  static constexpr Saved saved = Saved::input;
  template <class T>
  static KINDLING_HOST_DEVICE T f(T x) {
    return x * sigmoid(twice_u(x));
  }
  template <class T>
  static KINDLING_HOST_DEVICE T df(T x) {
    // Beyond 30 the sigmoid is 0 or 1, but the slope of u would overflow.
    const T z = x < T(-30) ? T(-30) : x > T(30) ? T(30) : x;
    const T s = sigmoid(twice_u(z));
    const T slope = T(kTwiceRoot) * (T(1) + T(3 * kCubic) * z * z);
    return s + z * (s * (T(1) - s)) * slope;
  }

 private:
  static constexpr double kTwiceRoot = 1.59576912160573071176;  // 2 sqrt(2 / pi)
  static constexpr double kCubic = 0.044715;
  template <class T>
  static KINDLING_HOST_DEVICE T twice_u(T x) {
    return T(kTwiceRoot) * x * (T(1) + T(kCubic) * x * x);
  }
};

struct Silu {
  static constexpr Saved saved = Saved::input;
  template <class T>
  static KINDLING_HOST_DEVICE T f(T x) {
    return x * sigmoid(x);
  }
  template <class T>
  static KINDLING_HOST_DEVICE T df(T x) {
    const T s = sigmoid(x);
    return s * (T(1) + x * (T(1) - s));
  }
};

struct Tanh {
  static constexpr Saved saved = Saved::output;
  template <class T>
  static KINDLING_HOST_DEVICE T f(T x) {
    return tanh(x);
  }
  template <class T>
  static KINDLING_HOST_DEVICE T df(T y) {
    return T(1) - y * y;
  }
};

struct Sigmoid {
  static constexpr Saved saved = Saved::output;
  template <class T>
  static KINDLING_HOST_DEVICE T f(T x) {
    return sigmoid(x);
  }
  template <class T>
  static KINDLING_HOST_DEVICE T df(T y) {
    return y * (T(1) - y);
  }
};

/// Calls function(functor) with the functor of `op`.
template <class F>
KINDLING_HOST_DEVICE auto visit(kernels::UnaryOp op, const F& function) {
  using enum kernels::UnaryOp;
  switch (op) {
    case identity:
      return function(Identity{});
    case neg:
      return function(Neg{});
    case exp:
      return function(Exp{});
    case log:
      return function(Log{});
    case sqrt:
      return function(Sqrt{});
    case square:
      return function(Square{});
    case abs:
      return function(Abs{});
    case relu:
      return function(Relu{});
    case gelu:
      return function(Gelu{});
    case gelu_tanh:
      return function(GeluTanh{});
    case silu:
      return function(Silu{});
    case tanh:
      return function(Tanh{});
    case sigmoid:
      return function(Sigmoid{});
  }
  __builtin_unreachable();
}

/// What the backward of `op` wants saved.
KINDLING_HOST_DEVICE Saved saved_of(kernels::UnaryOp op) {
  return visit(op, [](auto functor) { return functor.saved; });
}

}  // namespace kindling::math
