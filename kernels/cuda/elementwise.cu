// SPDX-License-Identifier: MIT
#include <kindling/kernels/cuda/launch.cuh>
#include <kindling/kernels/math/elementwise.h>

namespace kindling::kernels::cuda {
namespace {

template <class T>
struct Constant {
  T value;
  __device__ T operator()(std::int64_t) const { return value; }
};

template <class T>
struct Ramp {
  double start;
  double step;
  __device__ T operator()(std::int64_t i) const {
    return math::converted<T>(start + static_cast<double>(i) * step);
  }
};

template <class T>
struct Forward {
  UnaryOp op;
  __device__ T operator()(std::int64_t, T x) const { return math::value(op, x); }
};

template <class T>
struct Backward {
  UnaryOp op;
  __device__ T operator()(std::int64_t, T saved, T grad_y) const {
    return math::gradient(op, saved, grad_y);
  }
};

}  // namespace

void run(Context& context, const Fill& a) {
  if (a.accumulate) return;
  with_any_type(a.y.dtype, [&](auto zero) {
    using T = decltype(zero);
    launch_map(context, "Fill", Constant<T>{math::converted<T>(a.value)}, a.y.numel, false,
               elements<T>(a.y));
  });
}

void run(Context& context, const Arange& a) {
  with_any_type(a.y.dtype, [&](auto zero) {
    using T = decltype(zero);
    launch_map(context, "Arange", Ramp<T>{a.start, a.step}, a.y.numel, false, elements<T>(a.y));
  });
}

void run(Context& context, const Unary& a) {
  with_type(a.y.dtype, [&](auto zero) {
    using T = decltype(zero);
    launch_map(context, "Unary", Forward<T>{a.op}, a.y.numel, false, elements<T>(a.y),
               elements<const T>(a.x));
  });
}

void run(Context& context, const UnaryBackward& a) {
  with_type(a.grad_x.dtype, [&](auto zero) {
    using T = decltype(zero);
    const T* grad_y = elements<const T>(a.grad_y);
    // A gradient that needs nothing saved is handed the gradient: something that may be read.
    const T* saved = a.saved.data == nullptr ? grad_y : elements<const T>(a.saved);
    launch_map(context, "UnaryBackward", Backward<T>{a.op}, a.grad_x.numel, a.accumulate,
               elements<T>(a.grad_x), saved, grad_y);
  });
}

}  // namespace kindling::kernels::cuda
