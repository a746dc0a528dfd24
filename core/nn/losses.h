// SPDX-License-Identifier: MIT
#pragma once

#include <kindling/core/nn/module.h>

#include <cstdint>
#include <optional>

namespace kindling::nn {

/// What becomes of the element-wise losses: their mean, which `{}` is too, kept in the input's
/// shape, or their sum. It and all sums within a loss (over classes too) are as accurate as
/// kindling::sum, at any length.
enum class Reduction : std::uint8_t { mean, none, sum };

/// (input - target)^2. Loss and gradient are computed in one pass. Equal shapes (ShapeError),
/// dtypes and devices.
KINDLING_API Tensor mse_loss(const Tensor& input, const Tensor& target,
                             Reduction reduction = Reduction::mean);
/// |input - target|; gradient 0 where they are equal.
KINDLING_API Tensor l1_loss(const Tensor& input, const Tensor& target,
                            Reduction reduction = Reduction::mean);
/// e^2 / 2 where |e| <= delta, else delta (|e| - delta / 2), e = input - target (Huber 1964).
/// ValueError unless delta > 0.
KINDLING_API Tensor huber_loss(const Tensor& input, const Tensor& target,
                               Reduction reduction = Reduction::mean, double delta = 1);
/// Cross entropy of logits [N, C] against target: [N] class numbers, of int64 or as whole
/// numbers in the logits' dtype, or [N, C] probabilities. label_smoothing s in [0, 1] mixes the
/// target with s / C. The mean is over N; none gives [N]. A class number outside [0, C) is a
/// ValueError on the CPU (in a captured step only when it is recorded) and gives NaN on a GPU,
/// which is not waited for. Gradients flow to the logits only: a target that requires one is a
/// ValueError.
KINDLING_API Tensor cross_entropy_loss(const Tensor& logits, const Tensor& target,
                                       Reduction reduction = Reduction::mean,
                                       double label_smoothing = 0);

/// Cross entropy of a yes or no, log(1 + exp(input)) - target input, for a logit and the
/// probability of yes, element by element. Equal shapes (ShapeError).
KINDLING_API Tensor binary_cross_entropy_with_logits(const Tensor& input, const Tensor& target,
                                                     Reduction reduction = Reduction::mean);

/// More of what cross entropy can do: each class has a weight, by which its rows count in the mean,
/// too; rows of class ignore_index are left out, also of the mean. It is made of other ops.
struct CrossEntropyLossOptions {
  Reduction reduction = Reduction::mean;
  double label_smoothing = 0;
  Tensor weight = {};  // [C], of the logits' dtype, without a gradient; undefined: 1 each
  std::optional<std::int64_t> ignore_index = std::nullopt;
};
/// cross_entropy_loss with these; ValueError for an ignore_index beside probabilities.
KINDLING_API Tensor cross_entropy_loss(const Tensor& logits, const Tensor& target,
                                       const CrossEntropyLossOptions& options);

struct LossOptions {
  Reduction reduction = Reduction::mean;
};
struct HuberLossOptions {
  Reduction reduction = Reduction::mean;
  double delta = 1;
};

/// The losses as objects that hold their options: `loss(input, target)`.
class KINDLING_API MSELoss {
 public:
  explicit MSELoss(const LossOptions& options = {}) : options_(options) {}
  Tensor operator()(const Tensor& input, const Tensor& target) const {
    return mse_loss(input, target, options_.reduction);
  }

 private:
  LossOptions options_;
};

class KINDLING_API L1Loss {
 public:
  explicit L1Loss(const LossOptions& options = {}) : options_(options) {}
  Tensor operator()(const Tensor& input, const Tensor& target) const {
    return l1_loss(input, target, options_.reduction);
  }

 private:
  LossOptions options_;
};

class KINDLING_API HuberLoss {
 public:
  explicit HuberLoss(const HuberLossOptions& options = {});
  Tensor operator()(const Tensor& input, const Tensor& target) const {
    return huber_loss(input, target, options_.reduction, options_.delta);
  }

 private:
  HuberLossOptions options_;
};

class KINDLING_API CrossEntropyLoss {
 public:
  explicit CrossEntropyLoss(const CrossEntropyLossOptions& options = {});
  Tensor operator()(const Tensor& logits, const Tensor& target) const {
    return cross_entropy_loss(logits, target, options_);
  }

 private:
  CrossEntropyLossOptions options_;
};

class KINDLING_API BCEWithLogitsLoss {
 public:
  explicit BCEWithLogitsLoss(const LossOptions& options = {}) : options_(options) {}
  Tensor operator()(const Tensor& input, const Tensor& target) const {
    return binary_cross_entropy_with_logits(input, target, options_.reduction);
  }

 private:
  LossOptions options_;
};

}  // namespace kindling::nn
