// SPDX-License-Identifier: MIT
#include <kindling/core/error.h>
#include <kindling/core/nn/activations.h>

namespace kindling::nn {
namespace {

bool is_tanh_form(const std::string& approximate) {
  if (approximate != "none" && approximate != "tanh") {
    throw ValueError(
        message("GELU: approximate \"", approximate, "\": must be \"none\" or \"tanh\""));
  }
  return approximate == "tanh";
}

}  // namespace

Tensor ActivationModule::forward(const Tensor& x) const { return function_(x); }

GELU::GELU(const GELUOptions& options)
    : ActivationModule(is_tanh_form(options.approximate) ? Activation::gelu_tanh : Activation::gelu,
                       options.approximate == "tanh" ? gelu_tanh : gelu) {}

}  // namespace kindling::nn
