// SPDX-License-Identifier: MIT
#include <kindling/core/autograd.h>
#include <kindling/core/checks.h>
#include <kindling/core/indexing.h>
#include <kindling/core/nn/losses.h>
#include <kindling/core/ops.h>

#include <cmath>

namespace kindling::nn {

using namespace detail;
using kernels::LossOp;

namespace {

double scale_of(Reduction reduction, std::int64_t count) {
  return reduction == Reduction::mean ? 1.0 / static_cast<double>(count) : 1.0;
}

// input's gradient (+)= saved gradient * the loss's gradient, of which each element weighs `repeat`
// of the saved ones.
void weigh(const Gradients& g, int input, View gradient, std::int64_t repeat) {
  const GradientTarget target = g.target(input);
  Strides strides{.rank = 2,
                  .size = {gradient.numel / std::max<std::int64_t>(repeat, 1), repeat},
                  .first = {0, 0},
                  .second = {1, 0}};
  issue(backend_of(g.output()), kernels::BinaryBackward{.op = kernels::BinaryOp::mul,
                                                        .operand = 0,
                                                        .b = g.output_view(),
                                                        .grad_y = gradient,
                                                        .grad = target.view,
                                                        .strides = strides,
                                                        .accumulate = target.accumulate});
}

void check_alike(const char* name, const Tensor& input, const Tensor& target) {
  check_same(name, input, target);
  check_floating(name, input);
  if (input.impl()->shape != target.impl()->shape) {
    throw ShapeError(message(name, ": input ", input.impl()->shape, " and target ",
                             target.impl()->shape,
                             " differ: expected equal shapes: nothing is broadcast"));
  }
}

Tensor elementwise(const char* name, LossOp op, const Tensor& input, const Tensor& target,
                   Reduction reduction, double parameter = 1) {
  check_alike(name, input, target);
  const Shape& shape = input.impl()->shape;
  const bool tracked = is_tracked(input, target);
  const bool reduce = reduction != Reduction::none;
  const Tensor loss = make_tensor(name, reduce ? Shape() : shape, input);
  const Tensor gradient = tracked ? make_like(input) : Tensor();
  issue(backend_of(input),
        kernels::Loss{op, view(input), view(target), view(loss), view(gradient), parameter,
                      scale_of(reduction, input.impl()->numel), reduce});
  if (!tracked) return loss;

  track(name, loss, {&input, &target},
        [saved = Saved(gradient), shape, reduce](const Gradients& g) {
          const View gradient_view = g.view(saved);
          if (g.needs(0)) {
            if (g.output_is_one()) {
              g.pass(0, g.tensor(saved, shape));
            } else {
              weigh(g, 0, gradient_view, reduce ? gradient_view.numel : 1);
            }
          }
          if (g.needs(1)) {
            // d/dtarget = -d/dinput, since these losses depend on the difference alone
            const Tensor negated = make_tensor("backward", shape, g.output());
            issue(backend_of(negated),
                  kernels::Unary{kernels::UnaryOp::neg, gradient_view, view(negated)});
            weigh(g, 1, view(negated), reduce ? gradient_view.numel : 1);
          }
        });
  return loss;
}

void check_delta(const char* name, double delta) {
  if (!(delta > 0) || !std::isfinite(delta)) {
    throw ValueError(message(name, ": delta ", delta, ": must be finite and greater than 0"));
  }
}

void check_smoothing(const char* name, double label_smoothing) {
  if (!(label_smoothing >= 0 && label_smoothing <= 1)) {
    throw ValueError(message(name, ": label_smoothing ", label_smoothing, ": must be from 0 to 1"));
  }
}

}  // namespace

Tensor mse_loss(const Tensor& input, const Tensor& target, Reduction reduction) {
  return elementwise("mse_loss", LossOp::squared_error, input, target, reduction);
}
Tensor l1_loss(const Tensor& input, const Tensor& target, Reduction reduction) {
  return elementwise("l1_loss", LossOp::absolute_error, input, target, reduction);
}
Tensor huber_loss(const Tensor& input, const Tensor& target, Reduction reduction, double delta) {
  check_delta("huber_loss", delta);
  return elementwise("huber_loss", LossOp::huber, input, target, reduction, delta);
}

namespace {

// Whether the target is one of probabilities, and not of class numbers.
bool checked_cross_entropy(const Tensor& logits, const Tensor& target, double label_smoothing) {
  constexpr const char* kName = "cross_entropy_loss";
  check_floating(kName, logits);
  if (check_defined(kName, target).storage->dtype != DType::int64)
    check_same(kName, logits, target);
  check_same_device(kName, logits, target);
  check_untracked(kName, "target", target);
  check_smoothing(kName, label_smoothing);
  const Shape& shape = logits.impl()->shape;
  const Shape& wanted = target.impl()->shape;
  if (shape.rank() != 2 || shape[1] < 1)
    throw ShapeError(message(kName, ": logits ", shape, ": expected [N, C]"));
  if (wanted == shape) {
    check_floating(kName, target);
    return true;
  }
  if (wanted != Shape(shape[0])) {
    throw ShapeError(message(kName, ": target ", wanted, " does not fit logits ", shape,
                             ": expected [", shape[0], "] class numbers or ", shape,
                             " probabilities"));
  }
  return false;
}

Tensor reduced(const Tensor& losses, Reduction reduction, const Tensor& weights) {
  if (reduction == Reduction::none) return losses;
  return reduction == Reduction::sum ? sum(losses) : sum(losses) / sum(weights);
}

// Class weights and an ignored class, as PyTorch has them.
Tensor weighted_cross_entropy(const Tensor& logits, const Tensor& target, bool probabilities,
                              const CrossEntropyLossOptions& options) {
  constexpr const char* kName = "cross_entropy_loss";
  const std::int64_t classes = logits.size(1);
  const double share = options.label_smoothing / static_cast<double>(classes);
  Tensor weight = options.weight;
  if (weight.defined()) {
    check_same(kName, logits, weight);
    check_untracked(kName, "weight", weight);
    if (weight.shape() != Shape(classes)) {
      throw ShapeError(message(kName, ": weight ", weight.shape(), " does not fit logits ",
                               logits.shape(), ": expected [", classes, "]"));
    }
  } else {
    weight = ones({classes}, options_like(kName, logits));
  }
  const Tensor log_probabilities = log_softmax(logits, 1);
  // The losses of all classes by their shares, of which 0 excludes even a logit of -infinity.
  const auto shared = [&](const Tensor& shares) {
    return neg(sum(where(shares == 0, 0, log_probabilities * shares), 1));
  };
  if (probabilities) {
    if (options.ignore_index) {
      throw ValueError(message(kName, ": ignore_index ", *options.ignore_index,
                               ": a target of probabilities has no classes to leave out"));
    }
    const Tensor losses = shared((target * (1 - options.label_smoothing) + share) * weight);
    return options.reduction == Reduction::mean ? mean(losses)
                                                : reduced(losses, options.reduction, Tensor());
  }
  const bool ignores = options.ignore_index.has_value();
  const Tensor counts =
      ignores ? target != static_cast<double>(*options.ignore_index) : ones_like(target);
  const Tensor numbers = target * counts;  // 0 where the row does not count
  check_whole_numbers(kName, "target", numbers, classes);
  const Tensor row_weights = index_select_checked(weight, 0, numbers) * counts.to(logits.dtype());
  const Tensor picked = squeeze(gather_checked(log_probabilities, 1, unsqueeze(numbers, 1)), 1);
  Tensor losses = picked * row_weights * (options.label_smoothing - 1);
  if (share != 0) losses = losses + shared(expand(weight * share, logits.shape()));
  return reduced(where(counts, losses, 0), options.reduction, row_weights);
}

}  // namespace

Tensor cross_entropy_loss(const Tensor& logits, const Tensor& target,
                          const CrossEntropyLossOptions& options) {
  if (!options.weight.defined() && !options.ignore_index)
    return cross_entropy_loss(logits, target, options.reduction, options.label_smoothing);
  const bool probabilities = checked_cross_entropy(logits, target, options.label_smoothing);
  return weighted_cross_entropy(logits, target, probabilities, options);
}

Tensor cross_entropy_loss(const Tensor& logits, const Tensor& target, Reduction reduction,
                          double label_smoothing) {
  const bool probabilities = checked_cross_entropy(logits, target, label_smoothing);
  const Shape& shape = logits.impl()->shape;
  const std::int64_t rows = shape[0];
  const std::int64_t classes = shape[1];
  if (!probabilities) check_whole_numbers("cross_entropy_loss", "target", target, classes);

  const bool tracked = is_tracked(logits);
  const bool reduce = reduction != Reduction::none;
  const Tensor loss = make_tensor("cross_entropy_loss", reduce ? Shape() : Shape(rows), logits);
  const Tensor gradient = tracked ? make_like(logits) : Tensor();
  issue(backend_of(logits),
        kernels::CrossEntropy{view(logits), view(target), view(loss), view(gradient), rows, classes,
                              probabilities, label_smoothing, scale_of(reduction, rows), reduce});
  if (!tracked) return loss;

  track("cross_entropy_loss", loss, {&logits},
        [saved = Saved(gradient), shape, reduce](const Gradients& g) {
          const View gradient_view = g.view(saved);
          if (g.output_is_one()) return g.pass(0, g.tensor(saved, shape));
          weigh(g, 0, gradient_view, reduce ? gradient_view.numel : shape[1]);
        });
  return loss;
}

Tensor binary_cross_entropy_with_logits(const Tensor& input, const Tensor& target,
                                        Reduction reduction) {
  check_alike("binary_cross_entropy_with_logits", input, target);
  const Tensor losses = softplus(input) - target * input;
  if (reduction == Reduction::none) return losses;
  return reduction == Reduction::mean ? mean(losses) : sum(losses);
}

HuberLoss::HuberLoss(const HuberLossOptions& options) : options_(options) {
  check_delta("HuberLoss", options.delta);
}
CrossEntropyLoss::CrossEntropyLoss(const CrossEntropyLossOptions& options) : options_(options) {
  check_smoothing("CrossEntropyLoss", options.label_smoothing);
}

}  // namespace kindling::nn
