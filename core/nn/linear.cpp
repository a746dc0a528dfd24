// SPDX-License-Identifier: MIT
#include <kindling/core/autograd.h>
#include <kindling/core/checks.h>
#include <kindling/core/elementwise.h>
#include <kindling/core/nn/init.h>
#include <kindling/core/nn/linear.h>
#include <kindling/core/ops.h>

namespace kindling::nn {

using namespace detail;
using kernels::UnaryOp;

namespace {

UnaryOp op_of(Activation activation) {
  static_assert(static_cast<int>(UnaryOp::identity) == static_cast<int>(Activation::none));
  static_assert(static_cast<int>(UnaryOp::last_activation) ==
                static_cast<int>(Activation::sigmoid));
  return static_cast<UnaryOp>(activation);
}

void check(const Tensor& x, const Tensor& weight, const Tensor& bias) {
  check_same("linear", x, weight);
  check_floating("linear", x);
  const Shape& in = x.impl()->shape;
  const Shape& w = weight.impl()->shape;
  if (w.rank() != 2) throw ShapeError(message("linear: weight ", w, ": expected [out, in]"));
  if (in.rank() == 0 || in[in.rank() - 1] != w[1]) {
    throw ShapeError(message("linear: input ", in, " does not fit weight ", w,
                             ": expected last dimension ", w[1]));
  }
  if (!bias.defined()) return;
  check_same("linear", x, bias);
  if (bias.impl()->shape != Shape(w[0])) {
    throw ShapeError(message("linear: bias ", bias.impl()->shape, " does not fit weight ", w,
                             ": expected [", w[0], "]"));
  }
}

// The gradient of the linear map's result, from that of the activation's.
Tensor through_activation(const Gradients& g, UnaryOp op, const Saved& saved) {
  if (op == UnaryOp::identity || g.output_masked()) return g.output();
  const Tensor grad = make_like(g.output());
  issue(backend_of(grad), kernels::UnaryBackward{op, g.view(saved), g.output_view(), view(grad)});
  return grad;
}

// Where the device leaves the mask of a ReLU in a form of its own.
Intrusive<Storage> new_relu_bits(const Tensor& y, std::int64_t rows, std::int64_t out) {
  const auto bytes = static_cast<std::int64_t>(backend_of(y).relu_bits_bytes(rows, out));
  constexpr std::int64_t kWord = sizeof(double);
  if (bytes == 0) return {};
  return Storage::allocate((bytes + kWord - 1) / kWord, DType::float64, y.device());
}

}  // namespace

Tensor activate(const Tensor& x, Activation activation) { return unary(op_of(activation), x); }

Tensor linear(const Tensor& x, const Tensor& weight, const Tensor& bias, Activation activation) {
  check(x, weight, bias);
  const UnaryOp op = op_of(activation);
  const std::int64_t out = weight.impl()->shape[0];
  const std::int64_t in = weight.impl()->shape[1];
  Shape shape = x.impl()->shape;
  std::int64_t rows = 1;
  for (int d = 0; d < shape.rank() - 1; ++d) rows *= shape[d];
  shape[shape.rank() - 1] = out;

  const bool tracked = is_tracked(x, weight, bias);
  const bool saves_input = tracked && math::saved_of(op) == math::Saved::input;
  const Tensor y = make_tensor("linear", shape, x);
  const Tensor pre_activation = saves_input ? make_like(y) : Tensor();
  kernels::Product forward{
      .a = view(x), .b = view(weight), .c = view(y), .m = rows, .n = out, .k = in};
  forward.transpose_b = true;
  forward.bias = view(bias);
  forward.pre_activation = view(pre_activation);
  forward.activation = op;
  const Intrusive<Storage> relu_bits =
      tracked && op == UnaryOp::relu ? new_relu_bits(y, rows, out) : Intrusive<Storage>();
  if (relu_bits) forward.relu_bits = memory_of<void>(relu_bits);
  issue(backend_of(x), forward);
  if (!tracked) return y;

  Saved saved_activation;
  if (op != UnaryOp::identity) saved_activation = Saved(saves_input ? pre_activation : y);
  Node& node = track(
      "linear", y, {&x, &weight, &bias},
      [op, rows, out, in, activation_state = std::move(saved_activation),
       saved_x = weight.impl()->requires_grad ? Saved(x) : Saved(),
       saved_weight = x.impl()->requires_grad ? Saved(weight) : Saved()](const Gradients& g) {
        const Tensor grad = through_activation(g, op, activation_state);
        kernels::Backend& backend = backend_of(grad);
        if (g.needs(0)) {
          // grad_x [rows, in] = grad [rows, out] weight [out, in]
          const View weight_view = g.view(saved_weight);
          const View mask = g.mask(0);
          const GradientTarget target = g.target(0, mask.data != nullptr);
          kernels::Product call{
              .a = view(grad), .b = weight_view, .c = target.view, .m = rows, .n = in, .k = out};
          call.accumulate = target.accumulate;
          call.mask = mask;
          call.relu_bits = g.relu_bits(0);
          issue(backend, call);
        }
        if (g.needs(1)) {
          // grad_weight [out, in] = grad^T x, and beside it the bias gradient
          const View x_view = g.view(saved_x);
          const GradientTarget target = g.target(1);
          kernels::Product call{
              .a = view(grad), .b = x_view, .c = target.view, .m = out, .n = in, .k = rows};
          call.transpose_a = true;
          call.accumulate = target.accumulate;
          if (g.needs(2)) {
            const GradientTarget bias_target = g.target(2);
            call.row_sums = bias_target.view;
            call.accumulate_row_sums = bias_target.accumulate;
          }
          issue(backend, call);
        } else if (g.needs(2)) {
          const GradientTarget target = g.target(2);
          issue(backend,
                kernels::Sum{view(grad), target.view, 1, rows, out, 1.0, target.accumulate});
        }
      });
  if (op == UnaryOp::relu) node.mark_relu(y, relu_bits);
  return y;
}

namespace {

Tensor drawn(const Shape& shape, std::int64_t in_features, const LinearOptions& options) {
  if (in_features < 1 || shape[0] < 1) {
    throw ValueError(message("Linear: in_features ", in_features, ", out_features ", shape[0],
                             ": both must be at least 1"));
  }
  return init::linear_uniform(shape, in_features,
                              {.dtype = options.dtype, .device = options.device});
}

}  // namespace

Linear::Linear(std::int64_t in_features, std::int64_t out_features, const LinearOptions& options)
    : weight(
          register_parameter("weight", drawn({out_features, in_features}, in_features, options))),
      bias(options.bias ? register_parameter("bias", drawn({out_features}, in_features, options))
                        : Tensor()) {
  describe(message("Linear(", in_features, ", ", out_features, options.bias ? ")" : ", no bias)"));
}

}  // namespace kindling::nn
