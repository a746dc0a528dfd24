// SPDX-License-Identifier: MIT
#pragma once

#include <kindling/core/nn/linear.h>
#include <kindling/core/nn/module.h>

#include <string>

namespace kindling::nn {

/// A module that applies one element-wise function; Sequential lets a Linear before it do so in the
/// same pass.
class KINDLING_API ActivationModule : public Module {
 public:
  Tensor forward(const Tensor& x) const final;
  Activation activation() const noexcept { return activation_; }

 protected:
  explicit ActivationModule(Activation activation) : activation_(activation) {}

 private:
  Activation activation_;
};

struct KINDLING_API ReLU : ActivationModule {
  ReLU() : ActivationModule(Activation::relu) {}
};

struct GELUOptions {
  std::string approximate = "none";  // "none": the exact erf form; "tanh": its approximation
};
/// ValueError for an unknown `approximate`.
struct KINDLING_API GELU : ActivationModule {
  explicit GELU(const GELUOptions& options = {});
};

struct KINDLING_API SiLU : ActivationModule {
  SiLU() : ActivationModule(Activation::silu) {}
};
struct KINDLING_API Tanh : ActivationModule {
  Tanh() : ActivationModule(Activation::tanh) {}
};
struct KINDLING_API Sigmoid : ActivationModule {
  Sigmoid() : ActivationModule(Activation::sigmoid) {}
};

}  // namespace kindling::nn
