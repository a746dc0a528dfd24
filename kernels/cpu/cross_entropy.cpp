// SPDX-License-Identifier: MIT
#include <kindling/kernels/cpu/kernels.h>
#include <kindling/kernels/cpu/softmax.h>

namespace kindling::kernels::cpu::KINDLING_ISA {
namespace {

/// One row's loss and gradient (nullptr: not wanted). The target row t is (1 - smoothing) * target
/// + smoothing / classes, the loss sum_c t_c (log sum exp(x) - x_c), where t_c = 0 excludes even a
/// logit of -infinity, and the gradient scale * (softmax(x) sum t - t).
template <class T>
class Row {
 public:
  Row(const T* logits, T* gradient, std::int64_t classes, T scale, T smoothing)
      : logits_(logits),
        gradient_(gradient),
        classes_(classes),
        scale_(scale),
        keep_(T(1) - smoothing),
        share_(smoothing / static_cast<T>(classes)),
        shift_(largest_of(logits, classes)),
        total_(gradient != nullptr ? exponentials(logits, classes, shift_, gradient)
                                   : sum_of_exponentials(logits, classes, shift_)),
        log_total_(math::log(total_)) {}

  /// The loss for a class number; NaN, as is the gradient then, for one that there is not.
  T for_class(T target) const {
    if (!(target >= T(0) && target < static_cast<T>(classes_))) {
      fill_gradient(math::not_a_number<T>());
      return math::not_a_number<T>();
    }
    const auto index = static_cast<std::int64_t>(target);
    T loss = math::weighted(keep_, surprise_of(index));
    if (share_ != T(0))
      loss += share_ * sum_of_classes([row = *this](std::int64_t c) { return row.surprise_of(c); });
    if (gradient_ != nullptr) {
      T* gradient = gradient_;
      const T factor = scale_ / total_;
      const T constant = scale_ * share_;
      simd_for(classes_, [=](std::int64_t c) { gradient[c] = gradient[c] * factor - constant; });
      gradient[index] -= scale_ * keep_;
    }
    return loss;
  }

  /// The loss for a row of probabilities.
  T for_probabilities(const T* target) const {
    const Row row = *this;
    const T loss = sum_of_classes([=](std::int64_t c) {
      return math::weighted(row.keep_ * target[c] + row.share_, row.surprise_of(c));
    });
    if (gradient_ != nullptr) {
      T* gradient = gradient_;
      const T weight =
          sum_of_classes([=](std::int64_t c) { return row.keep_ * target[c] + row.share_; });
      const T factor = scale_ * weight / total_;
      const T keep = scale_ * keep_;
      const T constant = scale_ * share_;
      simd_for(classes_, [=](std::int64_t c) {
        gradient[c] = gradient[c] * factor - (keep * target[c] + constant);
      });
    }
    return loss;
  }

 private:
  /// log sum exp(x) - x_c, the loss if c is the class
  T surprise_of(std::int64_t c) const { return log_total_ - (logits_[c] - shift_); }

  template <class F>
  T sum_of_classes(const F& value) const {
    return static_cast<T>(
        sum_of_values<T>(0, classes_, [=](std::int64_t begin, std::int64_t count, T* values) {
          simd_for(count, [=](std::int64_t i) { values[i] = value(begin + i); });
        }));
  }

  void fill_gradient(T value) const {
    for (std::int64_t c = 0; gradient_ != nullptr && c < classes_; ++c) gradient_[c] = value;
  }

  const T* logits_;
  T* gradient_;  // holds the exponentials until the gradient replaces them
  std::int64_t classes_;
  T scale_;
  T keep_;
  T share_;
  T shift_;
  T total_;
  T log_total_;
};

template <class T>
T loss_of_row(const CrossEntropy& arguments, std::int64_t r) {
  const std::int64_t classes = arguments.classes;
  T* gradient =
      arguments.gradient.data == nullptr ? nullptr : elements<T>(arguments.gradient) + r * classes;
  const Row<T> row(elements<const T>(arguments.logits) + r * classes, gradient, classes,
                   static_cast<T>(arguments.scale), static_cast<T>(arguments.label_smoothing));
  const T* target = elements<const T>(arguments.target);
  return arguments.probabilities ? row.for_probabilities(target + r * classes)
                                 : row.for_class(target[r]);
}

}  // namespace

void run(const CrossEntropy& arguments) {
  with_type(arguments.logits.dtype, [&](auto zero) {
    using T = decltype(zero);
    T* loss = elements<T>(arguments.loss);
    const std::int64_t rows = units_per_block(arguments.classes * kCostOfExponential);
    if (!arguments.reduce) {
      for_each_block(arguments.rows, rows, [&](std::int64_t begin, std::int64_t end) {
        for (std::int64_t r = begin; r < end; ++r) loss[r] = loss_of_row<T>(arguments, r);
      });
      return;
    }
    const double total =
        sum_of_parts(arguments.rows, rows, [&](std::int64_t begin, std::int64_t end) {
          return sum_of_values<T>(begin, end,
                                  [&](std::int64_t first, std::int64_t count, T* losses) {
                                    for (std::int64_t r = 0; r < count; ++r)
                                      losses[r] = loss_of_row<T>(arguments, first + r);
                                  });
        });
    loss[0] = static_cast<T>(arguments.scale * total);
  });
}

}  // namespace kindling::kernels::cpu::KINDLING_ISA
