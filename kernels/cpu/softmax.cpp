// SPDX-License-Identifier: MIT
#include <kindling/kernels/cpu/kernels.h>
#include <kindling/kernels/cpu/softmax.h>

namespace kindling::kernels::cpu::KINDLING_ISA {
namespace {

constexpr std::int64_t kColumns =
    64;  // softmaxes that run side by side when they are not over the last dimension

template <class T>
void softmax_row(const T* x, T* y, std::int64_t n, bool log) {
  const T shift = largest_of(x, n);
  if (log) {
    const T log_total = math::log(sum_of_exponentials(x, n, shift));
    simd_for(n, [=](std::int64_t i) { y[i] = (x[i] - shift) - log_total; });
    return;
  }
  const T factor = T(1) / exponentials(x, n, shift, y);
  simd_for(n, [=](std::int64_t i) { y[i] *= factor; });
}

/// `width` <= kColumns softmaxes over the columns of x [n, width], whose rows are `step` elements
/// apart
template <class T>
void softmax_columns(const T* x, T* y, std::int64_t n, std::int64_t step, std::int64_t width,
                     bool log) {
  T shifts[kColumns];
  T totals[kColumns] = {};
  T* shift = shifts;
  T* total = totals;
  simd_for(width, [=](std::int64_t i) { shift[i] = x[i]; });
  for (std::int64_t k = 1; k < n; ++k) {
    const T* row = x + k * step;
    simd_for(width, [=](std::int64_t i) { shift[i] = row[i] > shift[i] ? row[i] : shift[i]; });
  }
  for (std::int64_t k = 0; k < n; ++k) {
    const T* row = x + k * step;
    simd_for(width, [=](std::int64_t i) { total[i] += math::exp(row[i] - shift[i]); });
  }
  simd_for(width, [=](std::int64_t i) { total[i] = log ? math::log(total[i]) : T(1) / total[i]; });
  for (std::int64_t k = 0; k < n; ++k) {
    const T* row = x + k * step;
    T* out = y + k * step;
    if (log)
      simd_for(width, [=](std::int64_t i) { out[i] = (row[i] - shift[i]) - total[i]; });
    else
      simd_for(width, [=](std::int64_t i) { out[i] = math::exp(row[i] - shift[i]) * total[i]; });
  }
}

/// gradient of one element: y and g are the output and its gradient, total the sum of g y (softmax)
/// or of g (log)
template <class T>
KINDLING_HOST_DEVICE T gradient_of(T y, T g, T total, bool log) {
  return log ? g - math::exp(y) * total : y * (g - total);
}

template <class T>
void backward_row(const T* y, const T* g, T* grad_x, std::int64_t n, bool log, bool accumulate) {
  double sum = 0;
  T buffer[kPiece];
  T* products = buffer;
  for (std::int64_t begin = 0; begin < n; begin += kPiece) {
    const std::int64_t count = smaller(kPiece, n - begin);
    simd_for(count, [=](std::int64_t i) {
      products[i] = log ? g[begin + i] : g[begin + i] * y[begin + i];
    });
    sum += static_cast<double>(sum_of_run(products, count));
  }
  const T total = static_cast<T>(sum);
  put_pieces(grad_x, n, accumulate, [=](T* out, std::int64_t begin, std::int64_t count) {
    if (log)
      simd_for(count, [=](std::int64_t i) {
        out[i] = gradient_of(y[begin + i], g[begin + i], total, true);
      });
    else
      simd_for(count, [=](std::int64_t i) {
        out[i] = gradient_of(y[begin + i], g[begin + i], total, false);
      });
  });
}

template <class T>
void backward_columns(const T* y, const T* g, T* grad_x, std::int64_t n, std::int64_t step,
                      std::int64_t width, bool log, bool accumulate) {
  T totals[kColumns] = {};
  T* total = totals;
  for (std::int64_t k = 0; k < n; ++k) {
    const T* row = y + k * step;
    const T* grad = g + k * step;
    simd_for(width, [=](std::int64_t i) { total[i] += log ? grad[i] : grad[i] * row[i]; });
  }
  for (std::int64_t k = 0; k < n; ++k) {
    const T* row = y + k * step;
    const T* grad = g + k * step;
    put_pieces(grad_x + k * step, width, accumulate, [=](T* out, std::int64_t, std::int64_t count) {
      simd_for(count,
               [=](std::int64_t i) { out[i] = gradient_of(row[i], grad[i], total[i], log); });
    });
  }
}

/// Deals out [outer, count, inner]: calls row(offset) for each softmax over the last dimension
/// (inner = 1), otherwise columns(offset, width) for strips of them that run side by side.
template <class Rows, class Columns>
void for_each_softmax(std::int64_t outer, std::int64_t count, std::int64_t inner, const Rows& row,
                      const Columns& columns) {
  const std::int64_t strips = inner == 1 ? 1 : (inner + kColumns - 1) / kColumns;
  const std::int64_t size = count * smaller(inner, kColumns) * kCostOfExponential;
  for_each_block(outer * strips, units_per_block(size), [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t unit = begin; unit < end; ++unit) {
      const std::int64_t first = unit % strips * kColumns;
      const std::int64_t offset = unit / strips * count * inner + first;
      if (inner == 1)
        row(offset);
      else
        columns(offset, smaller(kColumns, inner - first));
    }
  });
}

}  // namespace

void run(const Softmax& s) {
  if (s.y.numel == 0) return;
  with_type(s.y.dtype, [&](auto zero) {
    using T = decltype(zero);
    const T* x = elements<const T>(s.x);
    T* y = elements<T>(s.y);
    for_each_softmax(
        s.outer, s.count, s.inner,
        [=, &s](std::int64_t at) { softmax_row(x + at, y + at, s.count, s.log); },
        [=, &s](std::int64_t at, std::int64_t width) {
          softmax_columns(x + at, y + at, s.count, s.inner, width, s.log);
        });
  });
}

void run(const SoftmaxBackward& s) {
  if (s.grad_x.numel == 0) return;
  with_type(s.grad_x.dtype, [&](auto zero) {
    using T = decltype(zero);
    const T* y = elements<const T>(s.y);
    const T* g = elements<const T>(s.grad_y);
    T* grad_x = elements<T>(s.grad_x);
    for_each_softmax(
        s.outer, s.count, s.inner,
        [=, &s](std::int64_t at) {
          backward_row(y + at, g + at, grad_x + at, s.count, s.log, s.accumulate);
        },
        [=, &s](std::int64_t at, std::int64_t width) {
          backward_columns(y + at, g + at, grad_x + at, s.count, s.inner, width, s.log,
                           s.accumulate);
        });
  });
}

}  // namespace kindling::kernels::cpu::KINDLING_ISA
