// SPDX-License-Identifier: MIT
#include <kindling/kernels/cuda/broadcast.cuh>
#include <kindling/kernels/math/binary.h>

namespace kindling::kernels::cuda {
namespace {

template <class T>
struct Forward {
  BinaryOp op;
  __device__ T operator()(T a, T b, T) const { return math::value(op, a, b); }
};

template <class T>
struct Backward {
  BinaryOp op;
  int operand;
  __device__ T operator()(T a, T b, T grad_y) const {
    return math::gradient(op, operand, a, b, grad_y);
  }
};

template <class T>
struct Scaled {
  T scale;
  __device__ T operator()(T y, T, T) const { return scale * y; }
};

}  // namespace

void run(Context& context, const Binary& a) {
  with_any_type(a.y.dtype, [&](auto zero) {
    using T = decltype(zero);
    launch_broadcast<T>(context, "Binary", Forward<T>{a.op}, a.strides, a.y.numel, false,
                        elements<const T>(a.a), elements<const T>(a.b), static_cast<T>(a.scalar),
                        nullptr, elements<T>(a.y));
  });
}

void run(Context& context, const BinaryBackward& a) {
  with_type(a.grad.dtype, [&](auto zero) {
    using T = decltype(zero);
    launch_broadcast<T>(context, "BinaryBackward", Backward<T>{a.op, a.operand}, a.strides,
                        a.grad.numel, a.accumulate, elements<const T>(a.a), elements<const T>(a.b),
                        static_cast<T>(a.scalar), elements<const T>(a.grad_y), elements<T>(a.grad));
  });
}

void run(Context& context, const Expand& a) {
  const Strides strides{
      .rank = 3, .size = {a.outer, a.count, a.inner}, .first = {a.inner, 0, 1}, .second = {}};
  with_type(a.x.dtype, [&](auto zero) {
    using T = decltype(zero);
    launch_broadcast<T>(context, "Expand", Scaled<T>{static_cast<T>(a.scale)}, strides, a.x.numel,
                        a.accumulate, elements<const T>(a.y), nullptr, T(0), nullptr,
                        elements<T>(a.x));
  });
}

}  // namespace kindling::kernels::cuda
