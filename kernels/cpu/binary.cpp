// SPDX-License-Identifier: MIT
#include <kindling/kernels/cpu/kernels.h>
#include <kindling/kernels/cpu/strided.h>
#include <kindling/kernels/math/binary.h>

namespace kindling::kernels::cpu::KINDLING_ISA {
namespace {

/// An operand of a broadcast walk. Where its elements do not lie side by side they are laid out so
/// in a buffer in the L1 cache, kPiece at a time: one loop per op then serves every kind of
/// broadcasting.
template <class T>
class Operand {
 public:
  /// data: nullptr for a scalar, of which rows of up to `most` elements will be wanted.
  Operand(const T* data, T scalar, std::int64_t stride, std::int64_t most)
      : data_(data), stride_(data == nullptr ? 0 : stride) {
    if (data != nullptr) return;
    for (std::int64_t i = 0; i < smaller(most, kPiece); ++i) buffer_[i] = scalar;
  }

  bool contiguous() const { return stride_ == 1; }

  /// `length` elements of a row from the element at offset; at most kPiece of them unless
  /// contiguous.
  __attribute__((always_inline)) const T* row(std::int64_t offset, std::int64_t length) {
    if (data_ == nullptr) return buffer_;
    const T* source = data_ + offset;
    if (contiguous()) return source;
    const std::int64_t stride = stride_;
    for (std::int64_t i = 0; i < length; ++i) buffer_[i] = source[i * stride];
    return buffer_;
  }

  std::int64_t stride() const { return stride_; }

 private:
  const T* data_;
  std::int64_t stride_;
  T buffer_[kPiece];
};

/// Calls row(position, a, b, length) for pieces of elements [begin, end) of the walk; a and b are
/// then `length` elements.
template <class T, class F>
__attribute__((always_inline)) inline void broadcast_range(const Strides& strides,
                                                           std::int64_t begin, std::int64_t end,
                                                           const T* a_data, const T* b_data,
                                                           T scalar, const F& row) {
  const int last = strides.rank - 1;
  Operand<T> a(a_data, scalar, strides.first[last], end - begin);
  Operand<T> b(b_data, scalar, strides.second[last], end - begin);
  const std::int64_t most = a.contiguous() && b.contiguous() ? end - begin : kPiece;
  for_each_row(strides, begin, end, [&](std::int64_t position, Offsets at, std::int64_t length) {
    for (std::int64_t i = 0; i < length; i += most) {
      const std::int64_t count = smaller(length - i, most);
      row(position + i, a.row(at.first + i * a.stride(), count),
          b.row(at.second + i * b.stride(), count), count);
    }
  });
}

/// The whole walk of a Binary or BinaryBackward, in parallel.
template <class T, class Arguments, class F>
__attribute__((always_inline)) inline void broadcast(const Arguments& arguments, std::int64_t numel,
                                                     const F& row) {
  const Strides& given = arguments.strides;
  const T* a = elements<const T>(arguments.a);
  const T* b = elements<const T>(arguments.b);
  const auto scalar = static_cast<T>(arguments.scalar);
  const auto walk = [&](const Strides& strides) __attribute__((noinline)) {
    for_each_block(numel, kElementsPerBlock, [&](std::int64_t begin, std::int64_t end) {
      broadcast_range(strides, begin, end, a, b, scalar, row);
    });
  };
  if (given.rank == 1 && given.first[0] == 1 && given.second[0] == 1 && a != nullptr &&
      b != nullptr)
    for_each_block(numel, kElementsPerBlock, [&](std::int64_t begin, std::int64_t end) {
      row(begin, a + begin, b + begin, end - begin);
    });
  else if (given.rank == 1)
    walk(given);
  else
    walk(coalesced(given));
}

template <class T, BinaryOp op>
void forward(const T* a, const T* b, T* y, std::int64_t n) {
  simd_for(n, [=](std::int64_t i) { y[i] = math::value(op, a[i], b[i]); });
}

template <class T, BinaryOp op, int operand>
void backward(const T* grad_y, const T* a, const T* b, T* grad, std::int64_t n) {
  simd_for(n,
           [=](std::int64_t i) { grad[i] = math::gradient(op, operand, a[i], b[i], grad_y[i]); });
}

}  // namespace

void run(const Binary& arguments) {
  with_any_type(arguments.y.dtype, [&](auto zero) {
    using T = decltype(zero);
    T* y = elements<T>(arguments.y);
    const auto apply = math::visit(arguments.op, []<BinaryOp op>() { return &forward<T, op>; });
    broadcast<T>(arguments, arguments.y.numel,
                 [=](std::int64_t position, const T* a, const T* b, std::int64_t length) {
                   apply(a, b, y + position, length);
                 });
  });
}

void run(const BinaryBackward& arguments) {
  with_type(arguments.grad.dtype, [&](auto zero) {
    using T = decltype(zero);
    const T* grad_y = elements<const T>(arguments.grad_y);
    T* grad = elements<T>(arguments.grad);
    const bool accumulate = arguments.accumulate;
    const auto apply = math::visit(arguments.op, [&]<BinaryOp op>() {
      return arguments.operand == 0 ? &backward<T, op, 0> : &backward<T, op, 1>;
    });
    broadcast<T>(arguments, arguments.grad.numel,
                 [=](std::int64_t position, const T* a, const T* b, std::int64_t length) {
                   put_pieces(grad + position, length, accumulate,
                              [=](T* out, std::int64_t i, std::int64_t n) {
                                apply(grad_y + position + i, a + i, b + i, out, n);
                              });
                 });
  });
}

}  // namespace kindling::kernels::cpu::KINDLING_ISA
