// SPDX-License-Identifier: MIT
#pragma once

#include <kindling/kernels/math/functions.h>
#include <kindling/kernels/math/group_record.h>
#include <kindling/kernels/math/plateau.h>

/// What the optimizers do to one element, as PyTorch defines it. T is the dtype of the parameter;
/// the coefficients are read from the group's record once, before the loop over the elements.
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

template <class T>
struct SgdCoefficients {
  T lr, sign, weight_decay, momentum, gradient_weight;
  bool nesterov;

  KINDLING_HOST_DEVICE explicit SgdCoefficients(const GroupRecord& record)
      : lr(value_of<T>(record.lr)),
        sign(record.maximize ? T(-1) : T(1)),
        weight_decay(value_of<T>(record.weight_decay)),
        momentum(value_of<T>(record.momentum)),
        gradient_weight(value_of<T>(record.one_minus_dampening)),
        nesterov(record.nesterov) {}
};

/// The gradient that SGD works with: its sign turned for maximize, then the L2 penalty's added.
template <class T>
KINDLING_HOST_DEVICE T sgd_gradient(const SgdCoefficients<T>& c, T parameter, T gradient) {
  return c.sign * gradient + c.weight_decay * parameter;
}

/// SGD without momentum.
template <class T>
KINDLING_HOST_DEVICE void sgd_update(const SgdCoefficients<T>& c, T& parameter, T gradient) {
  parameter -= c.lr * sgd_gradient(c, parameter, gradient);
}

/// SGD with momentum (Sutskever et al., ICML 2013, in PyTorch's form). The first buffer is the
/// gradient itself, whatever the dampening.
template <class T>
KINDLING_HOST_DEVICE void sgd_update(const SgdCoefficients<T>& c, T& parameter, T gradient,
                                     T& buffer, bool first) {
  const T g = sgd_gradient(c, parameter, gradient);
  const T moved = first ? g : c.momentum * buffer + c.gradient_weight * g;
  buffer = moved;
  parameter -= c.lr * (c.nesterov ? g + c.momentum * moved : moved);
}

template <class T>
struct AdamCoefficients {
  T sign, penalty, decay_factor, beta1, one_minus_beta1, beta2, one_minus_beta2, step_size,
      inverse_bias2_sqrt, eps;

  KINDLING_HOST_DEVICE explicit AdamCoefficients(const GroupRecord& record)
      : sign(record.maximize ? T(-1) : T(1)),
        penalty(record.decoupled ? T(0) : value_of<T>(record.weight_decay)),
        decay_factor(record.decoupled ? value_of<T>(record.decay_factor) : T(1)),
        beta1(value_of<T>(record.momentum)),
        one_minus_beta1(value_of<T>(record.one_minus_momentum)),
        beta2(value_of<T>(record.beta2)),
        one_minus_beta2(value_of<T>(record.one_minus_beta2)),
        step_size(value_of<T>(record.step_size)),
        inverse_bias2_sqrt(value_of<T>(record.inverse_bias2_sqrt)),
        eps(value_of<T>(record.eps)) {}
};

/// One step of the moments: exponential averages of the gradient and of its square.
template <class T>
KINDLING_HOST_DEVICE void adam_moments(const AdamCoefficients<T>& c, T parameter, T gradient,
                                       T& exp_avg, T& exp_avg_sq) {
  const T g = c.sign * gradient + c.penalty * parameter;
  exp_avg = c.beta1 * exp_avg + c.one_minus_beta1 * g;
  exp_avg_sq = c.beta2 * exp_avg_sq + c.one_minus_beta2 * g * g;
}

/// Adam (Kingma & Ba, arXiv:1412.6980, algorithm 1) and AdamW (Loshchilov & Hutter,
/// arXiv:1711.05101): decay, then a step along the bias-corrected moments; eps is added after the
/// correction.
template <class T>
KINDLING_HOST_DEVICE T adam_parameter(const AdamCoefficients<T>& c, T parameter, T exp_avg,
                                      T exp_avg_sq) {
  const T denominator = sqrt(exp_avg_sq) * c.inverse_bias2_sqrt + c.eps;
  return c.decay_factor * parameter - c.step_size * exp_avg / denominator;
}

template <class T>
KINDLING_HOST_DEVICE void adam_update(const AdamCoefficients<T>& c, T& parameter, T gradient,
                                      T& exp_avg, T& exp_avg_sq) {
  adam_moments(c, parameter, gradient, exp_avg, exp_avg_sq);
  parameter = adam_parameter(c, parameter, exp_avg, exp_avg_sq);
}

/// AMSGrad (Reddi et al., arXiv:1904.09237), as in PyTorch: the maximum is that of the uncorrected
/// second moments.
template <class T>
KINDLING_HOST_DEVICE void adam_update(const AdamCoefficients<T>& c, T& parameter, T gradient,
                                      T& exp_avg, T& exp_avg_sq, T& max_exp_avg_sq) {
  adam_moments(c, parameter, gradient, exp_avg, exp_avg_sq);
  max_exp_avg_sq = exp_avg_sq <= max_exp_avg_sq ? max_exp_avg_sq : exp_avg_sq;
  parameter = adam_parameter(c, parameter, exp_avg, max_exp_avg_sq);
}

/// After the last range of a group has been updated.
KINDLING_HOST_DEVICE void advance_update(GroupRecord& record) {
  ++record.updates;
  refresh(record);
}

/// What gradients are multiplied by so that their norm is at most max_norm; NaN where the norm is.
KINDLING_HOST_DEVICE double clip_coefficient(double norm, double max_norm) {
  const double coefficient = max_norm / (norm + 1e-6);
  return coefficient > 1.0 ? 1.0 : coefficient;
}

/// A gradient times clip_coefficient. Zeros stay zero even where that is NaN: the padding between
/// the parameters of an arena, which no backward pass writes again, is part of the range.
template <class T>
KINDLING_HOST_DEVICE T clipped(T gradient, T coefficient) {
  return gradient == T(0) ? gradient : gradient * coefficient;
}

/// ReduceLROnPlateau.step(metric) for one group, unless the step was skipped.
KINDLING_HOST_DEVICE void advance_plateau(const PlateauRule& rule, PlateauState& state,
                                          double metric, double min_lr, GroupRecord& record) {
  if (record.skipped() || !plateau_step(rule, state, metric)) return;
  record.lr.set(plateau_reduced(rule, record.lr.value, min_lr));
  refresh_lr(record);
}

}  // namespace kindling::math
