// SPDX-License-Identifier: MIT
#include <kindling/kernels/cpu/kernels.h>
#include <kindling/kernels/cpu/loops.h>
#include <kindling/kernels/math/elementwise.h>

namespace kindling::kernels::cpu::KINDLING_ISA {
namespace {

template <class T, UnaryOp op>
void forward(const T* x, T* y, std::int64_t n) {
  simd_for(n, [=](std::int64_t i) { y[i] = math::value(op, x[i]); });
}

template <class T, UnaryOp op>
void backward(const T* saved, const T* grad_y, T* grad_x, std::int64_t n) {
  simd_for(n, [=](std::int64_t i) { grad_x[i] = math::gradient(op, saved[i], grad_y[i]); });
}

}  // namespace

void run(const Fill& arguments) {
  if (arguments.accumulate) return;
  with_any_type(arguments.y.dtype, [&](auto zero) {
    using T = decltype(zero);
    T* y = elements<T>(arguments.y);
    const T value = math::converted<T>(arguments.value);
    parallel_simd_for(arguments.y.numel, [=](std::int64_t i) { y[i] = value; });
  });
}

void run(const Arange& arguments) {
  with_any_type(arguments.y.dtype, [&](auto zero) {
    using T = decltype(zero);
    T* y = elements<T>(arguments.y);
    const double start = arguments.start;
    const double step = arguments.step;
    parallel_simd_for(arguments.y.numel, [=](std::int64_t i) {
      y[i] = math::converted<T>(start + static_cast<double>(i) * step);
    });
  });
}

void run(const Unary& arguments) {
  with_type(arguments.y.dtype, [&](auto zero) {
    using T = decltype(zero);
    const T* x = elements<const T>(arguments.x);
    T* y = elements<T>(arguments.y);
    const auto apply = math::visit(arguments.op, []<UnaryOp op>() { return &forward<T, op>; });
    for_each_block(arguments.y.numel, kElementsPerBlock, [=](std::int64_t begin, std::int64_t end) {
      apply(x + begin, y + begin, end - begin);
    });
  });
}

void run(const UnaryBackward& arguments) {
  with_type(arguments.grad_x.dtype, [&](auto zero) {
    using T = decltype(zero);
    const T* grad_y = elements<const T>(arguments.grad_y);
    T* grad_x = elements<T>(arguments.grad_x);
    // A gradient that needs nothing saved is handed the gradient: something that may be read.
    const T* saved = arguments.saved.data == nullptr ? grad_y : elements<const T>(arguments.saved);
    const bool accumulate = arguments.accumulate;
    const auto apply = math::visit(arguments.op, []<UnaryOp op>() { return &backward<T, op>; });
    for_each_block(arguments.grad_x.numel, kElementsPerBlock,
                   [=](std::int64_t begin, std::int64_t end) {
                     put_pieces(grad_x + begin, end - begin, accumulate,
                                [=](T* out, std::int64_t i, std::int64_t n) {
                                  apply(saved + begin + i, grad_y + begin + i, out, n);
                                });
                   });
  });
}

}  // namespace kindling::kernels::cpu::KINDLING_ISA
