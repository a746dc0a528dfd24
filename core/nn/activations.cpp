// SPDX-License-Identifier: MIT
#include <kindling/core/error.h>
#include <kindling/core/nn/activations.h>

namespace kindling::nn {
namespace {

Activation gelu_form(const std::string& approximate) {
  if (approximate == "none") return Activation::gelu;
  if (approximate == "tanh") return Activation::gelu_tanh;
  throw ValueError(
      message("GELU: approximate \"", approximate, "\": must be \"none\" or \"tanh\""));
}

}  // namespace

Tensor ActivationModule::forward(const Tensor& x) const { return activate(x, activation_); }

GELU::GELU(const GELUOptions& options) : ActivationModule(gelu_form(options.approximate)) {}

}  // namespace kindling::nn
