// SPDX-License-Identifier: MIT
#include <kindling/kernels/cpu/kernels.h>
#include <kindling/kernels/cpu/softmax.h>

namespace kindling::kernels::cpu::KINDLING_ISA {
namespace {

template <class T>
void softmax_row(const T* x, T* y, std::int64_t n, bool log) {
  const T shift = largest_of(x, n);
  if (log) {
    const T log_total = math::log(sum_of_exponentials(x, n, shift));
    simd_for(n, [=](std::int64_t i) { y[i] = math::log_softmax(x[i], shift, log_total); });
    return;
  }
  const T factor = T(1) / exponentials(x, n, shift, y);
  simd_for(n, [=](std::int64_t i) { y[i] *= factor; });
}

template <class T>
void backward_row(const T* y, const T* g, T* grad_x, std::int64_t n, bool log, bool accumulate) {
  if (log) {
    const T total = static_cast<T>(sum_of(g, n));
    put_pieces(grad_x, n, accumulate, [=](T* out, std::int64_t begin, std::int64_t count) {
      simd_for(count, [=](std::int64_t i) {
        out[i] = math::log_softmax_gradient(y[begin + i], g[begin + i], total);
      });
    });
    return;
  }
  const T total = static_cast<T>(
      sum_of_values<T>(0, n, [=](std::int64_t begin, std::int64_t count, T* products) {
        simd_for(count, [=](std::int64_t i) { products[i] = g[begin + i] * y[begin + i]; });
      }));
  put_pieces(grad_x, n, accumulate, [=](T* out, std::int64_t begin, std::int64_t count) {
    simd_for(count, [=](std::int64_t i) {
      out[i] = math::softmax_gradient(y[begin + i], g[begin + i], total);
    });
  });
}

/// Deals out the rows of a tensor of `numel` elements: calls row(offset) for each.
template <class F>
void for_each_softmax(std::int64_t numel, std::int64_t row_size, const F& row) {
  if (numel == 0) return;
  for_each_block(numel / row_size, units_per_block(row_size * kCostOfExponential),
                 [&](std::int64_t begin, std::int64_t end) {
                   for (std::int64_t r = begin; r < end; ++r) row(r * row_size);
                 });
}

}  // namespace

void run(const Softmax& s) {
  with_type(s.y.dtype, [&](auto zero) {
    using T = decltype(zero);
    const T* x = elements<const T>(s.x);
    T* y = elements<T>(s.y);
    for_each_softmax(s.y.numel, s.row_size,
                     [=, &s](std::int64_t at) { softmax_row(x + at, y + at, s.row_size, s.log); });
  });
}

void run(const SoftmaxBackward& s) {
  with_type(s.grad_x.dtype, [&](auto zero) {
    using T = decltype(zero);
    const T* y = elements<const T>(s.y);
    const T* g = elements<const T>(s.grad_y);
    T* grad_x = elements<T>(s.grad_x);
    for_each_softmax(s.grad_x.numel, s.row_size, [=, &s](std::int64_t at) {
      backward_row(y + at, g + at, grad_x + at, s.row_size, s.log, s.accumulate);
    });
  });
}

}  // namespace kindling::kernels::cpu::KINDLING_ISA
