// SPDX-License-Identifier: MIT
#pragma once

#include <kindling/kernels/math/functions.h>

/// Softmax and cross entropy of one element of a row. shift: the row's largest element; total: the
/// sum of exp(x - shift) over the row.
namespace kindling::math {

template <class T>
KINDLING_HOST_DEVICE T exponential(T x, T shift) {
  return exp(x - shift);
}

/// log(softmax(x))
template <class T>
KINDLING_HOST_DEVICE T log_softmax(T x, T shift, T log_total) {
  return (x - shift) - log_total;
}

/// The gradient of x; y = softmax(x), g its gradient, weighted_total the row's sum of g y.
template <class T>
KINDLING_HOST_DEVICE T softmax_gradient(T y, T g, T weighted_total) {
  return y * (g - weighted_total);
}
/// The same for y = log(softmax(x)); total: the row's sum of g.
template <class T>
KINDLING_HOST_DEVICE T log_softmax_gradient(T y, T g, T total) {
  return g - exp(y) * total;
}

/// Cross entropy of one row with label smoothing s: the target row t is (1 - s) * target + s /
/// classes, the loss sum_c t_c (log sum exp(x) - x_c), where t_c = 0 excludes even a logit of
/// -infinity, and the gradient scale * (softmax(x) sum t - t).
template <class T>
struct CrossEntropyRow {
  T shift;
  T total;
  T log_total;
  T scale;
  T keep;   // 1 - s
  T share;  // s / classes

  KINDLING_HOST_DEVICE CrossEntropyRow(T row_shift, T row_total, T gradient_scale, T smoothing,
                                       T classes)
      : shift(row_shift),
        total(row_total),
        log_total(log(row_total)),
        scale(gradient_scale),
        keep(T(1) - smoothing),
        share(smoothing / classes) {}

  /// The loss if x is that of the class.
  KINDLING_HOST_DEVICE T surprise(T x) const { return log_total - (x - shift); }
  /// The part of the loss that the class has, and that each of all classes has besides.
  KINDLING_HOST_DEVICE T loss_of_class(T x) const { return weighted(keep, surprise(x)); }
  KINDLING_HOST_DEVICE T loss_of_any(T x) const { return share * surprise(x); }
  /// The gradient of a logit, from exponential(x, shift), if its class is not the target's; with
  /// the target's, class_gradient() is added.
  KINDLING_HOST_DEVICE T gradient_of_any(T exponential) const {
    return exponential * (scale / total) - scale * share;
  }
  KINDLING_HOST_DEVICE T class_gradient() const { return -(scale * keep); }

  /// The smoothed probability, the part of the loss that it has, and the gradient of its logit;
  /// sum: of all smoothed probabilities.
  KINDLING_HOST_DEVICE T smoothed(T probability) const { return keep * probability + share; }
  KINDLING_HOST_DEVICE T loss_of(T probability, T x) const {
    return weighted(smoothed(probability), surprise(x));
  }
  KINDLING_HOST_DEVICE T gradient_of(T probability, T exponential, T sum) const {
    return exponential * (scale * sum / total) - (scale * keep * probability + scale * share);
  }
};

}  // namespace kindling::math
