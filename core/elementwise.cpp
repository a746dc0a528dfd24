// SPDX-License-Identifier: MIT
#include <kindling/core/autograd.h>
#include <kindling/core/checks.h>
#include <kindling/core/elementwise.h>
#include <kindling/core/ops.h>

namespace kindling {

using kernels::UnaryOp;

namespace detail {

Tensor unary(UnaryOp op, const Tensor& x) {
  const char* name = name_of(op);
  check_floating(name, x);
  const Tensor y = make_like(x);
  issue(backend_of(x), kernels::Unary{op, view(x), view(y)});
  if (!is_tracked(x)) return y;

  const math::Saved saves = math::saved_of(op);
  if (saves == math::Saved::steps) return y;
  Saved saved = saves == math::Saved::none ? Saved() : Saved(saves == math::Saved::input ? x : y);
  Node& node = track(name, y, {&x}, [op, saved = std::move(saved)](const Gradients& g) {
    if (g.output_masked()) return g.pass(0, g.output());
    const View saved_view = g.view(saved);
    const GradientTarget grad_x = g.target(0);
    issue(backend_of(g.output()),
          kernels::UnaryBackward{op, saved_view, g.output_view(), grad_x.view, grad_x.accumulate});
  });
  if (op == UnaryOp::relu) node.mark_relu(y);
  return y;
}

}  // namespace detail

using detail::unary;

Tensor exp(const Tensor& x) { return unary(UnaryOp::exp, x); }
Tensor log(const Tensor& x) { return unary(UnaryOp::log, x); }
Tensor sqrt(const Tensor& x) { return unary(UnaryOp::sqrt, x); }
Tensor square(const Tensor& x) { return unary(UnaryOp::square, x); }
Tensor abs(const Tensor& x) { return unary(UnaryOp::abs, x); }
Tensor neg(const Tensor& x) { return unary(UnaryOp::neg, x); }
Tensor relu(const Tensor& x) { return unary(UnaryOp::relu, x); }
Tensor gelu(const Tensor& x) { return unary(UnaryOp::gelu, x); }
Tensor gelu_tanh(const Tensor& x) { return unary(UnaryOp::gelu_tanh, x); }
Tensor silu(const Tensor& x) { return unary(UnaryOp::silu, x); }
Tensor tanh(const Tensor& x) { return unary(UnaryOp::tanh, x); }
Tensor sigmoid(const Tensor& x) { return unary(UnaryOp::sigmoid, x); }
Tensor sin(const Tensor& x) { return unary(UnaryOp::sin, x); }
Tensor cos(const Tensor& x) { return unary(UnaryOp::cos, x); }
Tensor log1p(const Tensor& x) { return unary(UnaryOp::log1p, x); }
Tensor expm1(const Tensor& x) { return unary(UnaryOp::expm1, x); }
Tensor softplus(const Tensor& x) { return unary(UnaryOp::softplus, x); }
Tensor sign(const Tensor& x) { return unary(UnaryOp::sign, x); }
Tensor floor(const Tensor& x) { return unary(UnaryOp::floor, x); }
Tensor isnan(const Tensor& x) { return unary(UnaryOp::isnan, x); }
Tensor operator-(const Tensor& x) { return unary(UnaryOp::neg, x); }

Tensor Tensor::exp() const { return kindling::exp(*this); }
Tensor Tensor::log() const { return kindling::log(*this); }
Tensor Tensor::sqrt() const { return kindling::sqrt(*this); }
Tensor Tensor::square() const { return kindling::square(*this); }
Tensor Tensor::abs() const { return kindling::abs(*this); }
Tensor Tensor::neg() const { return kindling::neg(*this); }
Tensor Tensor::sin() const { return kindling::sin(*this); }
Tensor Tensor::cos() const { return kindling::cos(*this); }
Tensor Tensor::log1p() const { return kindling::log1p(*this); }
Tensor Tensor::expm1() const { return kindling::expm1(*this); }
Tensor Tensor::softplus() const { return kindling::softplus(*this); }
Tensor Tensor::sign() const { return kindling::sign(*this); }
Tensor Tensor::floor() const { return kindling::floor(*this); }
Tensor Tensor::isnan() const { return kindling::isnan(*this); }
Tensor Tensor::relu() const { return kindling::relu(*this); }
Tensor Tensor::gelu() const { return kindling::gelu(*this); }
Tensor Tensor::gelu_tanh() const { return kindling::gelu_tanh(*this); }
Tensor Tensor::silu() const { return kindling::silu(*this); }
Tensor Tensor::tanh() const { return kindling::tanh(*this); }
Tensor Tensor::sigmoid() const { return kindling::sigmoid(*this); }

}  // namespace kindling
