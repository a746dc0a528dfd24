// SPDX-License-Identifier: MIT
#pragma once

#include <kindling/core/nn/module.h>

#include <cstdint>

namespace kindling::nn {

/// What is applied to a linear map's result in the same pass: the first of kernels::UnaryOp, in its
/// order. gelu is the exact erf form.
enum class Activation : std::uint8_t { none, relu, gelu, gelu_tanh, silu, tanh, sigmoid };

/// The activation alone: a new tensor.
KINDLING_API Tensor activate(const Tensor& x, Activation activation);

/// activation(x weight^T + bias) in one fused op, and one product each for the gradients of x and
/// of weight and bias. x [..., in], weight [out, in], bias [out] or undefined -> [..., out].
/// The gradient of bias is a sum as accurate as kindling::sum, however many rows x has. ShapeError,
/// DTypeError, DeviceError.
KINDLING_API Tensor linear(const Tensor& x, const Tensor& weight, const Tensor& bias = {},
                           Activation activation = Activation::none);

struct LinearOptions {
  bool bias = true;
  DType dtype = DType::float32;
  Device device = default_device();
};

/// A fully connected layer: x [..., in] -> [..., out]. Weight and bias are drawn from
/// U(-1/sqrt(in), 1/sqrt(in)) by the default generator, the weight first, as PyTorch's. ValueError
/// unless both sizes are positive.
class KINDLING_API Linear : public Module {
 public:
  Linear(std::int64_t in_features, std::int64_t out_features, const LinearOptions& options = {});

  Tensor forward(const Tensor& x) const override { return linear(x, weight, bias); }

  const Tensor weight;  // [out, in]
  const Tensor bias;    // [out], or undefined
};

}  // namespace kindling::nn
