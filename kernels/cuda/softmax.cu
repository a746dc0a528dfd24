// SPDX-License-Identifier: MIT
#include <kindling/kernels/cuda/softmax.cuh>

namespace kindling::kernels::cuda {
namespace {

template <class T, class G>
__global__ void __launch_bounds__(kThreads, kBlocks<T>)
    softmax(std::int64_t rows, std::int64_t size, bool log, const T* x, T* y) {
  for (std::int64_t row = G::index(); row < rows; row += G::count()) {
    const T* in = x + row * size;
    T* out = y + row * size;
    const T shift = largest_of<T, G>(in, size);
    const T total = sum_of_exponentials<T, G>(in, size, shift);
    const T log_total = math::log(total);
    const T factor = T(1) / total;
    for (std::int64_t i = G::rank(); i < size; i += G::kThreadsOfRow) {
      out[i] = log ? math::log_softmax(in[i], shift, log_total)
                   : math::exponential(in[i], shift) * factor;
    }
  }
}

template <class T, class G>
__global__ void __launch_bounds__(kThreads, kBlocks<T>)
    softmax_backward(std::int64_t rows, std::int64_t size, bool log, bool accumulate, const T* y,
                     const T* grad_y, T* grad_x) {
  for (std::int64_t row = G::index(); row < rows; row += G::count()) {
    const T* out = y + row * size;
    const T* g = grad_y + row * size;
    T* grad = grad_x + row * size;
    const T total = static_cast<T>(
        G::template sum_of<T>(0, size, [=](std::int64_t i) { return log ? g[i] : g[i] * out[i]; }));
    for (std::int64_t i = G::rank(); i < size; i += G::kThreadsOfRow) {
      put(grad[i],
          log ? math::log_softmax_gradient(out[i], g[i], total)
              : math::softmax_gradient(out[i], g[i], total),
          accumulate);
    }
  }
}

}  // namespace

void run(Context& context, const Softmax& a) {
  if (a.y.numel == 0) return;
  const std::int64_t rows = a.y.numel / a.row_size;
  with_type(a.y.dtype, [&](auto zero) {
    using T = decltype(zero);
    with_group(a.row_size, [&](auto group) {
      using G = decltype(group);
      launch(context, "Softmax", softmax<T, G>, blocks_for(rows, G::kInBlock), kThreads, rows,
             a.row_size, a.log, elements<const T>(a.x), elements<T>(a.y));
    });
  });
}

void run(Context& context, const SoftmaxBackward& a) {
  if (a.grad_x.numel == 0) return;
  const std::int64_t rows = a.grad_x.numel / a.row_size;
  with_type(a.grad_x.dtype, [&](auto zero) {
    using T = decltype(zero);
    with_group(a.row_size, [&](auto group) {
      using G = decltype(group);
      launch(context, "SoftmaxBackward", softmax_backward<T, G>, blocks_for(rows, G::kInBlock),
             kThreads, rows, a.row_size, a.log, a.accumulate, elements<const T>(a.y),
             elements<const T>(a.grad_y), elements<T>(a.grad_x));
    });
  });
}

}  // namespace kindling::kernels::cuda
