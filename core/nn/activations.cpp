// SPDX-License-Identifier: MIT
#include <kindling/core/error.h>
#include <kindling/core/nn/activations.h>
#include <kindling/core/ops.h>

namespace kindling::nn {

Tensor ActivationModule::forward(const Tensor& x) const {
  switch (activation_) {
    case Activation::none:
      return x;
    case Activation::relu:
      return relu(x);
    case Activation::gelu:
      return gelu(x);
    case Activation::gelu_tanh:
      return gelu_tanh(x);
    case Activation::silu:
      return silu(x);
    case Activation::tanh:
      return kindling::tanh(x);
    case Activation::sigmoid:
      return sigmoid(x);
  }
  return x;
}

namespace {

Activation gelu_form(const std::string& approximate) {
  if (approximate == "none") return Activation::gelu;
  if (approximate == "tanh") return Activation::gelu_tanh;
  throw ValueError(
      message("GELU: approximate \"", approximate, "\": must be \"none\" or \"tanh\""));
}

}  // namespace

GELU::GELU(const GELUOptions& options) : ActivationModule(gelu_form(options.approximate)) {}

}  // namespace kindling::nn
