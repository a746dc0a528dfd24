// SPDX-License-Identifier: MIT
#pragma once

#include <kindling/kernels/math/functions.h>
#include <kindling/kernels/math/group_record.h>

#include <cstdint>

/// What the optimizers do to one element, as PyTorch defines it. T is the dtype of the parameter;
/// the coefficients are read from the group's record once, before the loop over the elements. The
/// arguments after the gradient are the element's state: as many as the optimizer keeps.
namespace kindling::kernels {

enum class UpdateOp : std::uint8_t { sgd, adam, rmsprop };

}  // namespace kindling::kernels

namespace kindling::math {

template <class T>
KINDLING_HOST_DEVICE T value_of(const Rounded& number);
template <>
KINDLING_HOST_DEVICE float value_of<float>(const Rounded& number) {
  return number.rounded;
}
template <>
KINDLING_HOST_DEVICE double value_of<double>(const Rounded& number) {
  return number.value;
}

/// The gradient with its sign turned for maximize, and the L2 penalty's.
template <class T>
KINDLING_HOST_DEVICE T penalized(T sign, T gradient, T weight_decay, T parameter) {
  return sign * gradient + weight_decay * parameter;
}

/// SGD, and with a buffer SGD with momentum (Sutskever et al., ICML 2013, in PyTorch's form). The
/// first buffer is the gradient itself, whatever the dampening; where the momentum is 0, the buffer
/// rests.
template <class T>
struct Sgd {
  T lr, sign, weight_decay, momentum, gradient_weight;
  bool nesterov, first, plain;

  KINDLING_HOST_DEVICE explicit Sgd(const GroupRecord& record)
      : lr(value_of<T>(record.lr)),
        sign(record.maximize ? T(-1) : T(1)),
        weight_decay(value_of<T>(record.weight_decay)),
        momentum(value_of<T>(record.momentum)),
        gradient_weight(value_of<T>(record.one_minus_dampening)),
        nesterov(record.nesterov),
        first(record.updates == 0),
        plain(record.momentum.value == 0) {}

  KINDLING_HOST_DEVICE void operator()(T& parameter, T gradient) const {
    parameter -= lr * penalized(sign, gradient, weight_decay, parameter);
  }

  KINDLING_HOST_DEVICE void operator()(T& parameter, T gradient, T& buffer) const {
    const T g = penalized(sign, gradient, weight_decay, parameter);
    const T moved = first ? g : momentum * buffer + gradient_weight * g;
    buffer = plain ? buffer : moved;
    parameter -= lr * (plain ? g : nesterov ? g + momentum * moved : moved);
  }
};

/// Adam (Kingma & Ba, arXiv:1412.6980, algorithm 1) and AdamW (Loshchilov & Hutter,
/// arXiv:1711.05101): decay and a step along the bias-corrected moments, in one subtraction, so
/// that a decay too small to change the parameter by itself is not lost; eps is added after the
/// correction. With a third state AMSGrad (Reddi et al., arXiv:1904.09237), as in PyTorch: the
/// maximum is that of the uncorrected second moments.
template <class T>
struct Adam {
  T sign, penalty, decay, beta1, one_minus_beta1, beta2, one_minus_beta2, step_size,
      inverse_bias2_sqrt, eps;

  KINDLING_HOST_DEVICE explicit Adam(const GroupRecord& record)
      : sign(record.maximize ? T(-1) : T(1)),
        penalty(record.decoupled ? T(0) : value_of<T>(record.weight_decay)),
        decay(value_of<T>(record.decay)),
        beta1(value_of<T>(record.momentum)),
        one_minus_beta1(value_of<T>(record.one_minus_momentum)),
        beta2(value_of<T>(record.beta2)),
        one_minus_beta2(value_of<T>(record.one_minus_beta2)),
        step_size(value_of<T>(record.step_size)),
        inverse_bias2_sqrt(value_of<T>(record.inverse_bias2_sqrt)),
        eps(value_of<T>(record.eps)) {}

  // Values first, then stores: the compiler cannot know that the arrays are apart.
  struct Moments {
    T first, second;
  };

  KINDLING_HOST_DEVICE Moments moments(T parameter, T gradient, T exp_avg, T exp_avg_sq) const {
    const T g = penalized(sign, gradient, penalty, parameter);
    return {beta1 * exp_avg + one_minus_beta1 * g, beta2 * exp_avg_sq + one_minus_beta2 * g * g};
  }

  KINDLING_HOST_DEVICE void operator()(T& parameter, T gradient, T& exp_avg, T& exp_avg_sq) const {
    const T p = parameter;
    const Moments m = moments(p, gradient, exp_avg, exp_avg_sq);
    exp_avg = m.first;
    exp_avg_sq = m.second;
    parameter = moved(p, m.first, m.second);
  }

  KINDLING_HOST_DEVICE void operator()(T& parameter, T gradient, T& exp_avg, T& exp_avg_sq,
                                       T& max_exp_avg_sq) const {
    const T p = parameter;
    const Moments m = moments(p, gradient, exp_avg, exp_avg_sq);
    const T largest = m.second <= max_exp_avg_sq ? max_exp_avg_sq : m.second;
    exp_avg = m.first;
    exp_avg_sq = m.second;
    max_exp_avg_sq = largest;
    parameter = moved(p, m.first, largest);
  }

  KINDLING_HOST_DEVICE T moved(T parameter, T exp_avg, T exp_avg_sq) const {
    const T denominator = sqrt(exp_avg_sq) * inverse_bias2_sqrt + eps;
    return parameter - (decay * parameter + step_size * exp_avg / denominator);
  }
};

/// RMSprop (Hinton, Neural Networks for Machine Learning, lecture 6e, 2012), as PyTorch has it: eps
/// is added after the root, and with momentum a buffer takes in the step before it is scaled by
/// lr. With a third state centered (Graves, arXiv:1308.0850): the variance in place of the second
/// moment.
template <class T>
struct RmsProp {
  T lr, sign, weight_decay, momentum, one_minus_alpha, eps;

  KINDLING_HOST_DEVICE explicit RmsProp(const GroupRecord& record)
      : lr(value_of<T>(record.lr)),
        sign(record.maximize ? T(-1) : T(1)),
        weight_decay(value_of<T>(record.weight_decay)),
        momentum(value_of<T>(record.momentum)),
        one_minus_alpha(value_of<T>(record.one_minus_beta2)),
        eps(value_of<T>(record.eps)) {}

  KINDLING_HOST_DEVICE T averaged(T average, T value) const {
    return average + one_minus_alpha * (value - average);
  }

  KINDLING_HOST_DEVICE void operator()(T& parameter, T gradient, T& square_avg) const {
    const T p = parameter;
    const T g = penalized(sign, gradient, weight_decay, p);
    square_avg = averaged(square_avg, g * g);
    parameter = p - lr * (g / (sqrt(square_avg) + eps));
  }

  KINDLING_HOST_DEVICE void operator()(T& parameter, T gradient, T& square_avg, T& buffer) const {
    const T p = parameter;
    const T g = penalized(sign, gradient, weight_decay, p);
    square_avg = averaged(square_avg, g * g);
    buffer = momentum * buffer + g / (sqrt(square_avg) + eps);
    parameter = p - lr * buffer;
  }

  KINDLING_HOST_DEVICE void operator()(T& parameter, T gradient, T& square_avg, T& buffer,
                                       T& grad_avg) const {
    const T p = parameter;
    const T g = penalized(sign, gradient, weight_decay, p);
    square_avg = averaged(square_avg, g * g);
    grad_avg = averaged(grad_avg, g);
    const T variance = square_avg - grad_avg * grad_avg;  // rounding may take it below 0
    buffer = momentum * buffer + g / (sqrt(variance < T(0) ? T(0) : variance) + eps);
    parameter = p - lr * buffer;
  }
};

/// Calls f.operator()<Rule>() for the optimizer's functor: a kernel is made for each.
template <class T, class F>
void visit(kernels::UpdateOp op, const F& f) {
  switch (op) {
    case kernels::UpdateOp::sgd:
      return f.template operator()<Sgd<T>>();
    case kernels::UpdateOp::adam:
      return f.template operator()<Adam<T>>();
    case kernels::UpdateOp::rmsprop:
      return f.template operator()<RmsProp<T>>();
  }
}

/// After the last range of a record has been updated: its state has taken in one more update.
/// Without momentum SGD's has not.
KINDLING_HOST_DEVICE void advance_update(GroupRecord& record) {
  if (!record.counts_all && record.momentum.value == 0) return;
  ++record.updates;
  refresh(record);
}

/// What gradients are multiplied by so that their norm is at most max_norm; NaN where the norm is.
/// An infinite max_norm changes nothing.
KINDLING_HOST_DEVICE double clip_coefficient(double norm, double max_norm) {
  const double coefficient = max_norm / (norm + 1e-6);
  return coefficient > 1.0 || max_norm > 1.7976931348623157e308 ? 1.0 : coefficient;
}

/// Multiplies gradients by a clip coefficient, in two factors where T has no normal number that
/// small. Zeros stay zero even where it is NaN: the padding between the parameters of an arena,
/// which no backward pass writes again, is part of the range.
template <class T>
struct ClipScale {
  T factor;
  T power;

  KINDLING_HOST_DEVICE T operator()(T gradient) const {
    return gradient == T(0) ? gradient : gradient * factor * power;
  }
  KINDLING_HOST_DEVICE bool changes() const { return factor != T(1) || power != T(1); }
};

template <class T>
KINDLING_HOST_DEVICE ClipScale<T> clip_scale(double coefficient) {
  const bool tiny = coefficient < 1e-37;
  return {static_cast<T>(tiny ? coefficient * 0x1p64 : coefficient), tiny ? T(0x1p-64) : T(1)};
}

}  // namespace kindling::math
