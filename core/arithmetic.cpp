// SPDX-License-Identifier: MIT
#include <kindling/core/autograd.h>
#include <kindling/core/broadcast.h>
#include <kindling/core/checks.h>
#include <kindling/core/elementwise.h>
#include <kindling/core/ops.h>

#include <utility>

namespace kindling {

using namespace detail;
using kernels::BinaryOp;

namespace {

// Whether the gradient of the operand is that of the result.
bool passes(BinaryOp op, int operand) {
  return op == BinaryOp::add || (op == BinaryOp::sub && operand == 0);
}

// A tensor operand, or the constant of the kernel's arguments when it is undefined.
struct Operands {
  BinaryOp op;
  Saved a;
  Saved b;
  double scalar;
  Strides strides;

  // The command but for where it writes. To be made before g.target(): it may find that an operand
  // was changed, and then no gradient may be marked as there.
  kernels::BinaryBackward command(const Gradients& g, int operand) const {
    return {op, operand, g.view(a), g.view(b), g.output_view(), {}, scalar, strides, false};
  }

  static void write(const Gradients& g, kernels::BinaryBackward command, GradientTarget target) {
    command.grad = target.view;
    command.accumulate = target.accumulate;
    issue(backend_of(g.output()), command);
  }

  // shape: the operand's, of which `out` is the broadcast.
  void backward(const Gradients& g, int operand, const Shape& shape, const Shape& out) const {
    if (!g.needs(operand)) return;
    if (shape == out) {
      if (passes(op, operand)) return g.pass(operand, g.output());
      const kernels::BinaryBackward call = command(g, operand);
      return write(g, call, g.target(operand));
    }
    Tensor full = g.output();
    if (!passes(op, operand)) {
      full = make_like(g.output());
      write(g, command(g, operand), {view(full)});
    }
    const GradientTarget target = g.target(operand);
    sum_broadcast(full, out, target.view, shape, target.accumulate);
  }
};

}  // namespace

void detail::check_operand(const char* name, BinaryOp op, const Tensor& x, double scalar) {
  if (is_floating(x.impl()->storage->dtype)) return;
  if (!math::is_for_whole_numbers(op)) check_floating(name, x);
  check_holds(name, DType::int64, scalar);
}

Tensor detail::binary(const char* name, BinaryOp op, const Tensor& a, const Tensor& b) {
  check_same(name, a, b);
  if (!math::is_for_whole_numbers(op)) check_floating(name, a);
  const Shape out = broadcast_shape(name, a.impl()->shape, b.impl()->shape);
  const Tensor y = make_tensor(name, out, a);
  const Strides strides = broadcast_strides(a.impl()->shape, b.impl()->shape, out);
  issue(backend_of(a), kernels::Binary{op, view(a), view(b), view(y), 0, strides});
  if (!math::has_gradient(op) || !is_tracked(a, b)) return y;

  const auto needs = [op](int operand, const Tensor& own, const Tensor& other) {
    return (math::reads_own(op, operand) && own.impl()->requires_grad) ||
           (math::reads_other(op) && other.impl()->requires_grad);
  };
  track(name, y, {&a, &b},
        [operands = Operands{op, needs(0, a, b) ? Saved(a) : Saved(),
                             needs(1, b, a) ? Saved(b) : Saved(), 0, strides},
         shape_a = a.impl()->shape, shape_b = b.impl()->shape, out](const Gradients& g) {
          operands.backward(g, 0, shape_a, out);
          operands.backward(g, 1, shape_b, out);
        });
  return y;
}

Tensor detail::binary(const char* name, BinaryOp op, const Tensor& x, double scalar, int operand) {
  const std::int64_t numel = check_defined(name, x).numel;
  check_operand(name, op, x, scalar);
  const Strides strides{.rank = 1, .size = {numel}, .first = {1}, .second = {1}};
  const Tensor y = make_like(x);
  const View a = operand == 0 ? view(x) : View{};
  const View b = operand == 0 ? View{} : view(x);
  issue(backend_of(x), kernels::Binary{op, a, b, view(y), scalar, strides});
  if (!math::has_gradient(op) || !is_tracked(x)) return y;

  Operands read{op, {}, {}, scalar, strides};
  if (math::reads_own(op, operand)) (operand == 0 ? read.a : read.b) = Saved(x);
  track(name, y, {&x}, [operands = std::move(read), operand](const Gradients& g) {
    if (passes(operands.op, operand)) return g.pass(0, g.output());
    const kernels::BinaryBackward call = operands.command(g, operand);
    Operands::write(g, call, g.target(0));
  });
  return y;
}

Tensor operator+(const Tensor& a, const Tensor& b) { return binary("add", BinaryOp::add, a, b); }
Tensor operator-(const Tensor& a, const Tensor& b) { return binary("sub", BinaryOp::sub, a, b); }
Tensor operator*(const Tensor& a, const Tensor& b) { return binary("mul", BinaryOp::mul, a, b); }
Tensor operator/(const Tensor& a, const Tensor& b) { return binary("div", BinaryOp::div, a, b); }
Tensor operator+(const Tensor& a, double b) { return binary("add", BinaryOp::add, a, b, 0); }
Tensor operator-(const Tensor& a, double b) { return binary("sub", BinaryOp::sub, a, b, 0); }
Tensor operator*(const Tensor& a, double b) { return binary("mul", BinaryOp::mul, a, b, 0); }
Tensor operator/(const Tensor& a, double b) { return binary("div", BinaryOp::div, a, b, 0); }
Tensor operator+(double a, const Tensor& b) { return binary("add", BinaryOp::add, b, a, 1); }
Tensor operator-(double a, const Tensor& b) { return binary("sub", BinaryOp::sub, b, a, 1); }
Tensor operator*(double a, const Tensor& b) { return binary("mul", BinaryOp::mul, b, a, 1); }
Tensor operator/(double a, const Tensor& b) { return binary("div", BinaryOp::div, b, a, 1); }

Tensor pow(const Tensor& a, const Tensor& b) { return binary("pow", BinaryOp::pow, a, b); }
Tensor pow(const Tensor& a, double b) { return binary("pow", BinaryOp::pow, a, b, 0); }
Tensor pow(double a, const Tensor& b) { return binary("pow", BinaryOp::pow, b, a, 1); }

Tensor Tensor::pow(const Tensor& exponent) const { return kindling::pow(*this, exponent); }
Tensor Tensor::pow(double exponent) const { return kindling::pow(*this, exponent); }

}  // namespace kindling
