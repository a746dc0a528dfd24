// SPDX-License-Identifier: MIT
#pragma once

#include <kindling/optim/optimizer.h>

#include <array>

namespace kindling::optim {

struct KINDLING_API AdamWOptions {
  double lr = 1e-3;                            // >= 0
  std::array<double, 2> betas = {0.9, 0.999};  // each in [0, 1)
  double eps = 1e-8;                           // >= 0
  double weight_decay = 1e-2;                  // >= 0; shrinks the parameter itself
  bool amsgrad = false;
  bool maximize = false;
  bool skip_nonfinite = false;  // an infinite or NaN gradient changes and advances nothing
};

/// Adam with decoupled weight decay: p *= 1 - lr weight_decay before the update of Adam, whose
/// gradient it leaves alone. Source: Loshchilov & Hutter (arXiv:1711.05101), as PyTorch defines it.
class KINDLING_API AdamW : public OptimizerOf<AdamWOptions> {
 public:
  explicit AdamW(std::vector<Tensor> params, const AdamWOptions& options = {});
  explicit AdamW(const std::vector<ParamGroup<AdamWOptions>>& groups);
};

extern template class OptimizerOf<AdamWOptions>;

}  // namespace kindling::optim
