// SPDX-License-Identifier: MIT
#include <kindling/core/checks.h>
#include <kindling/core/elementwise.h>
#include <kindling/core/ops.h>

#include <limits>

namespace kindling {

using namespace detail;
using kernels::BinaryOp;

Tensor operator==(const Tensor& a, const Tensor& b) { return binary("==", BinaryOp::equal, a, b); }
Tensor operator!=(const Tensor& a, const Tensor& b) {
  return binary("!=", BinaryOp::not_equal, a, b);
}
Tensor operator<(const Tensor& a, const Tensor& b) { return binary("<", BinaryOp::less, a, b); }
Tensor operator<=(const Tensor& a, const Tensor& b) {
  return binary("<=", BinaryOp::less_equal, a, b);
}
Tensor operator>(const Tensor& a, const Tensor& b) { return binary(">", BinaryOp::less, b, a); }
Tensor operator>=(const Tensor& a, const Tensor& b) {
  return binary(">=", BinaryOp::less_equal, b, a);
}
Tensor operator==(const Tensor& a, double b) { return binary("==", BinaryOp::equal, a, b, 0); }
Tensor operator!=(const Tensor& a, double b) { return binary("!=", BinaryOp::not_equal, a, b, 0); }
Tensor operator<(const Tensor& a, double b) { return binary("<", BinaryOp::less, a, b, 0); }
Tensor operator<=(const Tensor& a, double b) { return binary("<=", BinaryOp::less_equal, a, b, 0); }
Tensor operator>(const Tensor& a, double b) { return binary(">", BinaryOp::less, a, b, 1); }
Tensor operator>=(const Tensor& a, double b) { return binary(">=", BinaryOp::less_equal, a, b, 1); }
Tensor operator==(double a, const Tensor& b) { return b == a; }
Tensor operator!=(double a, const Tensor& b) { return b != a; }
Tensor operator<(double a, const Tensor& b) { return b > a; }
Tensor operator<=(double a, const Tensor& b) { return b >= a; }
Tensor operator>(double a, const Tensor& b) { return b < a; }
Tensor operator>=(double a, const Tensor& b) { return b <= a; }

Tensor maximum(const Tensor& a, const Tensor& b) {
  return binary("maximum", BinaryOp::maximum, a, b);
}
Tensor minimum(const Tensor& a, const Tensor& b) {
  return binary("minimum", BinaryOp::minimum, a, b);
}

Tensor clamp(const Tensor& x, double low, double high) {
  check_defined("clamp", x);
  if (!(low <= high)) {
    throw ValueError(message("clamp: from ", low, " to ", high, ": low must not be above high"));
  }
  Tensor y = x;
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  if (low != -kInfinity) y = binary("clamp", BinaryOp::at_least, y, low, 0);
  if (high != kInfinity || low == -kInfinity) y = binary("clamp", BinaryOp::at_most, y, high, 0);
  return y;
}

namespace {

// What keep and drop leave out is -0, which changes nothing.
Tensor joined(const Tensor& kept, const Tensor& dropped) {
  return binary("where", BinaryOp::add, kept, dropped);
}

}  // namespace

Tensor where(const Tensor& condition, const Tensor& a, const Tensor& b) {
  check_untracked("where", "condition", condition);
  return joined(binary("where", BinaryOp::keep, condition, a),
                binary("where", BinaryOp::drop, condition, b));
}
Tensor where(const Tensor& condition, const Tensor& a, double b) {
  check_untracked("where", "condition", condition);
  return joined(binary("where", BinaryOp::keep, condition, a),
                binary("where", BinaryOp::drop, condition, b, 0));
}
Tensor where(const Tensor& condition, double a, const Tensor& b) {
  check_untracked("where", "condition", condition);
  return joined(binary("where", BinaryOp::keep, condition, a, 0),
                binary("where", BinaryOp::drop, condition, b));
}

Tensor masked_fill(const Tensor& x, const Tensor& mask, double value) {
  check_untracked("masked_fill", "mask", mask);
  return joined(binary("masked_fill", BinaryOp::keep, mask, value, 0),
                binary("masked_fill", BinaryOp::drop, mask, x));
}

Tensor Tensor::clamp(double low, double high) const { return kindling::clamp(*this, low, high); }
Tensor Tensor::masked_fill(const Tensor& mask, double value) const {
  return kindling::masked_fill(*this, mask, value);
}

}  // namespace kindling
