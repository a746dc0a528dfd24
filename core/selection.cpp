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
Tensor operator>(const Tensor& a, const Tensor& b) {
  check_same(">", a, b);  // errors name the operands in their order
  return binary(">", BinaryOp::less, b, a);
}
Tensor operator>=(const Tensor& a, const Tensor& b) {
  check_same(">=", a, b);
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

// A condition of int64 in the dtype of what it chooses from.
Tensor mask_for(const char* op, const char* what, const Tensor& condition, const Tensor& x) {
  check_untracked(op, what, condition);
  const bool is_whole = check_defined(op, condition).storage->dtype == DType::int64;
  return is_whole ? condition.to(check_defined(op, x).storage->dtype) : condition;
}

Tensor kept(const char* op, const Tensor& mask, const Tensor& x) {
  return binary(op, BinaryOp::keep, mask, x);
}
Tensor kept(const char* op, const Tensor& mask, double x) {
  return binary(op, BinaryOp::keep, mask, x, 0);
}
Tensor dropped(const char* op, const Tensor& mask, const Tensor& x) {
  return binary(op, BinaryOp::drop, mask, x);
}
Tensor dropped(const char* op, const Tensor& mask, double x) {
  return binary(op, BinaryOp::drop, mask, x, 0);
}
// What keep and drop leave out is -0, which changes nothing.
template <class A, class B>
Tensor merged(const char* op, const Tensor& mask, const A& a, const B& b) {
  return binary(op, BinaryOp::add, kept(op, mask, a), dropped(op, mask, b));
}

}  // namespace

Tensor where(const Tensor& condition, const Tensor& a, const Tensor& b) {
  return merged("where", mask_for("where", "condition", condition, a), a, b);
}
Tensor where(const Tensor& condition, const Tensor& a, double b) {
  return merged("where", mask_for("where", "condition", condition, a), a, b);
}
Tensor where(const Tensor& condition, double a, const Tensor& b) {
  return merged("where", mask_for("where", "condition", condition, b), a, b);
}
Tensor masked_fill(const Tensor& x, const Tensor& mask, double value) {
  return merged("masked_fill", mask_for("masked_fill", "mask", mask, x), value, x);
}

Tensor Tensor::clamp(double low, double high) const { return kindling::clamp(*this, low, high); }
Tensor Tensor::masked_fill(const Tensor& mask, double value) const {
  return kindling::masked_fill(*this, mask, value);
}

}  // namespace kindling
