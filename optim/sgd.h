// SPDX-License-Identifier: MIT
#pragma once

#include <kindling/optim/optimizer.h>

namespace kindling::optim {

struct KINDLING_API SGDOptions {
  double lr = 1e-3;     // >= 0
  double momentum = 0;  // >= 0
  double dampening = 0;
  double weight_decay = 0;  // >= 0
  bool nesterov = false;    // needs momentum, and no dampening
  bool maximize = false;
  bool skip_nonfinite = false;  // an infinite or NaN gradient changes and advances nothing
};

/// Stochastic gradient descent with momentum, as PyTorch defines it:
///   g = gradient, negated with maximize; g += weight_decay p
///   b = momentum b + (1 - dampening) g   (the first b is g itself)
///   p -= lr b, or with nesterov p -= lr (g + momentum b), or without momentum p -= lr g
/// Source: Sutskever et al., On the importance of initialization and momentum (ICML 2013), in
/// PyTorch's form, where lr multiplies the whole velocity.
class KINDLING_API SGD : public OptimizerOf<SGDOptions> {
 public:
  explicit SGD(std::vector<Tensor> params, const SGDOptions& options = {});
  explicit SGD(const std::vector<ParamGroup<SGDOptions>>& groups);
};

extern template class OptimizerOf<SGDOptions>;

}  // namespace kindling::optim
