// SPDX-License-Identifier: MIT
#pragma once

/// The optimizers, each with its options; optimizer.h has what all can do.

#include <kindling/optim/optimizer.h>

#include <array>
#include <vector>

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

struct KINDLING_API AdamOptions {
  double lr = 1e-3;                            // >= 0
  std::array<double, 2> betas = {0.9, 0.999};  // each in [0, 1)
  double eps = 1e-8;                           // >= 0
  double weight_decay = 0;                     // >= 0; added to the gradient
  bool amsgrad = false;
  bool maximize = false;
  bool skip_nonfinite = false;  // an infinite or NaN gradient changes and advances nothing
};

/// Adam, as PyTorch defines it; t counts the updates of each parameter from 1:
///   g = gradient, negated with maximize; g += weight_decay p
///   m = beta1 m + (1 - beta1) g;  v = beta2 v + (1 - beta2) g^2
///   v' = v, or with amsgrad v' = max(v', v)
///   p -= lr / (1 - beta1^t) * m / (sqrt(v') / sqrt(1 - beta2^t) + eps)
/// Source: Kingma & Ba (arXiv:1412.6980), algorithm 1; amsgrad: Reddi et al. (arXiv:1904.09237).
class KINDLING_API Adam : public OptimizerOf<AdamOptions> {
 public:
  explicit Adam(std::vector<Tensor> params, const AdamOptions& options = {});
  explicit Adam(const std::vector<ParamGroup<AdamOptions>>& groups);
};

extern template class OptimizerOf<AdamOptions>;

struct KINDLING_API AdamWOptions {
  double lr = 1e-3;                            // >= 0
  std::array<double, 2> betas = {0.9, 0.999};  // each in [0, 1)
  double eps = 1e-8;                           // >= 0
  double weight_decay = 1e-2;                  // >= 0; shrinks the parameter itself
  bool amsgrad = false;
  bool maximize = false;
  bool skip_nonfinite = false;  // an infinite or NaN gradient changes and advances nothing
};

/// Adam with decoupled weight decay: lr weight_decay p is taken from p along with the step of Adam,
/// whose gradient it leaves alone. Source: Loshchilov & Hutter (arXiv:1711.05101), as PyTorch
/// defines it.
class KINDLING_API AdamW : public OptimizerOf<AdamWOptions> {
 public:
  explicit AdamW(std::vector<Tensor> params, const AdamWOptions& options = {});
  explicit AdamW(const std::vector<ParamGroup<AdamWOptions>>& groups);
};

extern template class OptimizerOf<AdamWOptions>;

struct KINDLING_API RMSpropOptions {
  double lr = 1e-2;         // >= 0
  double alpha = 0.99;      // in [0, 1); of the running average of squares
  double eps = 1e-8;        // >= 0
  double weight_decay = 0;  // >= 0; added to the gradient
  double momentum = 0;      // >= 0
  bool centered = false;    // divides by the variance, not by the second moment
  bool maximize = false;
  bool skip_nonfinite = false;  // an infinite or NaN gradient changes and advances nothing
};

/// RMSprop, as PyTorch defines it:
///   g = gradient, negated with maximize; g += weight_decay p
///   s = alpha s + (1 - alpha) g^2;  with centered a = alpha a + (1 - alpha) g and s' = s - a^2
///   b = momentum b + g / (sqrt(s') + eps);  p -= lr b
/// Source: Hinton, Neural Networks for Machine Learning, lecture 6e (2012); centered: Graves
/// (arXiv:1308.0850).
class KINDLING_API RMSprop : public OptimizerOf<RMSpropOptions> {
 public:
  explicit RMSprop(std::vector<Tensor> params, const RMSpropOptions& options = {});
  explicit RMSprop(const std::vector<ParamGroup<RMSpropOptions>>& groups);
};

extern template class OptimizerOf<RMSpropOptions>;

}  // namespace kindling::optim
