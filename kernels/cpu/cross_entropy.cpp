// SPDX-License-Identifier: MIT
#include <kindling/kernels/cpu/kernels.h>
#include <kindling/kernels/cpu/softmax.h>
#include <kindling/kernels/indices.h>

namespace kindling::kernels::cpu::KINDLING_ISA {
namespace {

/// One row's loss and gradient (nullptr: not wanted).
template <class T>
class Row {
 public:
  Row(const T* logits, T* gradient, std::int64_t classes, T scale, T smoothing)
      : logits_(logits),
        gradient_(gradient),
        classes_(classes),
        row_(with_total(largest_of(logits, classes), scale, smoothing)) {}

  /// The loss for a class number; NaN, as is the gradient then, for -1.
  T for_class(std::int64_t index) const {
    if (index < 0) {
      fill_gradient(math::not_a_number<T>());
      return math::not_a_number<T>();
    }
    T loss = row_.loss_of_class(logits_[index]);
    if (row_.share != T(0)) {
      const T* logits = logits_;
      loss +=
          sum_of_classes([=, row = row_](std::int64_t c) { return row.loss_of_any(logits[c]); });
    }
    if (gradient_ != nullptr) {
      T* gradient = gradient_;
      simd_for(classes_,
               [=, row = row_](std::int64_t c) { gradient[c] = row.gradient_of_any(gradient[c]); });
      gradient[index] += row_.class_gradient();
    }
    return loss;
  }

  /// The loss for a row of probabilities.
  T for_probabilities(const T* target) const {
    const T* logits = logits_;
    const T loss = sum_of_classes(
        [=, row = row_](std::int64_t c) { return row.loss_of(target[c], logits[c]); });
    if (gradient_ != nullptr) {
      T* gradient = gradient_;
      const T sum =
          sum_of_classes([=, row = row_](std::int64_t c) { return row.smoothed(target[c]); });
      simd_for(classes_, [=, row = row_](std::int64_t c) {
        gradient[c] = row.gradient_of(target[c], gradient[c], sum);
      });
    }
    return loss;
  }

 private:
  math::CrossEntropyRow<T> with_total(T shift, T scale, T smoothing) const {
    const T total = gradient_ != nullptr ? exponentials(logits_, classes_, shift, gradient_)
                                         : sum_of_exponentials(logits_, classes_, shift);
    return {shift, total, scale, smoothing, static_cast<T>(classes_)};
  }

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
  math::CrossEntropyRow<T> row_;
};

template <class T>
T loss_of_row(const CrossEntropy& arguments, std::int64_t r) {
  const std::int64_t classes = arguments.classes;
  T* gradient =
      arguments.gradient.data == nullptr ? nullptr : elements<T>(arguments.gradient) + r * classes;
  const Row<T> row(elements<const T>(arguments.logits) + r * classes, gradient, classes,
                   static_cast<T>(arguments.scale), static_cast<T>(arguments.label_smoothing));
  const View& target = arguments.target;
  return arguments.probabilities ? row.for_probabilities(elements<const T>(target) + r * classes)
                                 : row.for_class(index_at(target.data, target.dtype, r, classes));
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
