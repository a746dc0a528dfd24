// SPDX-License-Identifier: MIT
#include <kindling/kernels/cuda/softmax.cuh>
#include <kindling/kernels/indices.h>
#include <kindling/kernels/math/losses.h>

namespace kindling::kernels::cuda {
namespace {

template <class T>
struct LossBuffers {
  const T* input;
  const T* target;
  T* loss;      // [1], or as many as there are elements
  T* gradient;  // may be nullptr
  T parameter;
  double scale;
  bool reduce;
};

/// Value, gradient and sum of an element-wise loss; partials [blocks].
template <class T>
__global__ void __launch_bounds__(kThreads)
    loss(LossOp op, std::int64_t n, bool packs, LossBuffers<T> b, double* partials,
         std::uint32_t* ticket) {
  constexpr int size = Pack<T>::kSize;
  const T scale = static_cast<T>(b.scale);
  Total<T> total;
  const std::int64_t whole = packs ? n / size : 0;
  for (std::int64_t p = thread_index(); p < whole; p += thread_count()) {
    const Pack<T> input = load_pack(b.input + p * size);
    const Pack<T> target = load_pack(b.target + p * size);
    Pack<T> value;
    Pack<T> gradient;
    T run = 0;
#pragma unroll
    for (int k = 0; k < size; ++k) {
      const T d = input.values[k] - target.values[k];
      value.values[k] = math::value(op, d, b.parameter);
      gradient.values[k] = math::gradient(op, d, b.parameter, scale);
      run += value.values[k];
    }
    if (b.gradient != nullptr) store_pack(b.gradient + p * size, gradient);
    if (!b.reduce) store_pack(b.loss + p * size, value);
    total.add(static_cast<double>(run));
  }
  for (std::int64_t i = whole * size + thread_index(); i < n; i += thread_count()) {
    const T d = b.input[i] - b.target[i];
    const T value = math::value(op, d, b.parameter);
    if (b.gradient != nullptr) b.gradient[i] = math::gradient(op, d, b.parameter, scale);
    if (!b.reduce) b.loss[i] = value;
    total.add(static_cast<double>(value));
  }
  if (!b.reduce) return;
  sum_over_blocks(total.value(), partials, ticket,
                  [b](double all) { b.loss[0] = static_cast<T>(b.scale * all); });
}

template <class T>
struct CrossEntropyBuffers {
  const T* logits;
  View target;
  T* loss;      // [1], or [rows]
  T* gradient;  // [rows, classes], may be nullptr
  std::int64_t rows;
  std::int64_t classes;
  bool probabilities;
  T smoothing;
  double scale;
  bool reduce;
};

template <class T, class G>
__device__ T loss_of_class(const math::CrossEntropyRow<T>& row, const T* logits, T* gradient,
                           std::int64_t classes, std::int64_t index) {
  const bool is_class = index >= 0;
  if (gradient != nullptr) {
    for (std::int64_t c = G::rank(); c < classes; c += G::kThreadsOfRow) {
      const T g = row.gradient_of_any(math::exponential(logits[c], row.shift));
      gradient[c] =
          is_class ? (c == index ? g + row.class_gradient() : g) : math::not_a_number<T>();
    }
  }
  if (!is_class) return math::not_a_number<T>();
  T loss = row.loss_of_class(logits[index]);
  if (row.share != T(0)) {
    loss += static_cast<T>(G::template sum_of<T>(
        0, classes, [&](std::int64_t c) { return row.loss_of_any(logits[c]); }));
  }
  return loss;
}

template <class T, class G>
__device__ T loss_of_probabilities(const math::CrossEntropyRow<T>& row, const T* logits,
                                   T* gradient, std::int64_t classes, const T* target) {
  const T loss = static_cast<T>(G::template sum_of<T>(
      0, classes, [&](std::int64_t c) { return row.loss_of(target[c], logits[c]); }));
  if (gradient == nullptr) return loss;
  const T sum = static_cast<T>(
      G::template sum_of<T>(0, classes, [&](std::int64_t c) { return row.smoothed(target[c]); }));
  for (std::int64_t c = G::rank(); c < classes; c += G::kThreadsOfRow)
    gradient[c] = row.gradient_of(target[c], math::exponential(logits[c], row.shift), sum);
  return loss;
}

/// A group for each row; partials [blocks].
template <class T, class G>
__global__ void __launch_bounds__(kThreads, kBlocks<T>)
    cross_entropy(CrossEntropyBuffers<T> b, double* partials, std::uint32_t* ticket) {
  Total<double> total;
  for (std::int64_t r = G::index(); r < b.rows; r += G::count()) {
    const T* logits = b.logits + r * b.classes;
    T* gradient = b.gradient == nullptr ? nullptr : b.gradient + r * b.classes;
    const T shift = largest_of<T, G>(logits, b.classes);
    const math::CrossEntropyRow<T> row(shift, sum_of_exponentials<T, G>(logits, b.classes, shift),
                                       static_cast<T>(b.scale), b.smoothing,
                                       static_cast<T>(b.classes));
    const T loss = b.probabilities
                       ? loss_of_probabilities<T, G>(row, logits, gradient, b.classes,
                                                     elements<const T>(b.target) + r * b.classes)
                       : loss_of_class<T, G>(row, logits, gradient, b.classes,
                                             index_at(b.target.data, b.target.dtype, r, b.classes));
    if (G::rank() != 0) continue;
    if (b.reduce)
      total.add(static_cast<double>(loss));
    else
      b.loss[r] = loss;
  }
  if (!b.reduce) return;
  sum_over_blocks(total.value(), partials, ticket,
                  [b](double all) { b.loss[0] = static_cast<T>(b.scale * all); });
}

constexpr std::int64_t kMostBlocks = 1024;

double* partials_of(Context& context) {
  return static_cast<double*>(context.scratch(kMostBlocks * sizeof(double)));
}

}  // namespace

void run(Context& context, const Loss& a) {
  with_type(a.input.dtype, [&](auto zero) {
    using T = decltype(zero);
    const std::int64_t n = a.input.numel;
    if (n == 0 && !a.reduce) return;
    const LossBuffers<T> buffers{elements<const T>(a.input),
                                 elements<const T>(a.target),
                                 elements<T>(a.loss),
                                 elements<T>(a.gradient),
                                 static_cast<T>(a.parameter),
                                 a.scale,
                                 a.reduce};
    const bool packs =
        aligned(buffers.input, buffers.target, buffers.gradient, a.reduce ? nullptr : buffers.loss);
    launch(context, "Loss", loss<T>, blocks_for(n, kThreads * Pack<T>::kSize, kMostBlocks),
           kThreads, a.op, n, packs, buffers, partials_of(context), context.tickets());
  });
}

void run(Context& context, const CrossEntropy& a) {
  if (a.rows == 0 && !a.reduce) return;
  with_type(a.logits.dtype, [&](auto zero) {
    using T = decltype(zero);
    const CrossEntropyBuffers<T> buffers{elements<const T>(a.logits),
                                         a.target,
                                         elements<T>(a.loss),
                                         elements<T>(a.gradient),
                                         a.rows,
                                         a.classes,
                                         a.probabilities,
                                         static_cast<T>(a.label_smoothing),
                                         a.scale,
                                         a.reduce};
    with_group(a.classes, [&](auto group) {
      using G = decltype(group);
      launch(context, "CrossEntropy", cross_entropy<T, G>,
             blocks_for(a.rows, G::kInBlock, kMostBlocks), kThreads, buffers, partials_of(context),
             context.tickets());
    });
  });
}

}  // namespace kindling::kernels::cuda
