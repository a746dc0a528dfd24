// SPDX-License-Identifier: MIT
#include <kindling/kernels/cpu/kernels.h>
#include <kindling/kernels/cpu/sums.h>
#include <kindling/kernels/math/losses.h>

namespace kindling::kernels::cpu::KINDLING_ISA {
namespace {

/// The buffers of a loss from one of its elements on; gradient may be nullptr.
template <class T>
struct LossBuffers {
  const T* input;
  const T* target;
  T* gradient;
  T parameter;
  T scale;
};

/// values = losses of n elements, and their gradients. Two loops over a piece that is in the cache
/// by then: one that stores to both took up to four times as long, since a store to memory holds up
/// the ones behind it.
template <class T, LossOp op>
void evaluate(const LossBuffers<T>& buffers, std::int64_t begin, T* values, std::int64_t n) {
  const T* input = buffers.input + begin;
  const T* target = buffers.target + begin;
  const T parameter = buffers.parameter;
  simd_for(n,
           [=](std::int64_t i) { values[i] = math::value(op, input[i] - target[i], parameter); });
  if (buffers.gradient == nullptr) return;
  T* gradient = buffers.gradient + begin;
  const T scale = buffers.scale;
  simd_for(n, [=](std::int64_t i) {
    gradient[i] = math::gradient(op, input[i] - target[i], parameter, scale);
  });
}

}  // namespace

void run(const Loss& arguments) {
  with_type(arguments.input.dtype, [&](auto zero) {
    using T = decltype(zero);
    const std::int64_t n = arguments.input.numel;
    T* loss = elements<T>(arguments.loss);
    const LossBuffers<T> buffers{
        elements<const T>(arguments.input), elements<const T>(arguments.target),
        elements<T>(arguments.gradient), static_cast<T>(arguments.parameter),
        static_cast<T>(arguments.scale)};
    const auto apply = math::visit(arguments.op, []<LossOp op>() { return &evaluate<T, op>; });
    if (!arguments.reduce) {
      for_each_block(n, kElementsPerBlock, [&](std::int64_t begin, std::int64_t end) {
        for (std::int64_t i = begin; i < end; i += kPiece)
          apply(buffers, i, loss + i, smaller(kPiece, end - i));
      });
      return;
    }
    const double total =
        sum_of_parts(n, kElementsPerBlock, [&](std::int64_t begin, std::int64_t end) {
          return sum_of_values<T>(begin, end,
                                  [&](std::int64_t first, std::int64_t count, T* values) {
                                    apply(buffers, first, values, count);
                                  });
        });
    loss[0] = static_cast<T>(arguments.scale * total);
  });
}

}  // namespace kindling::kernels::cpu::KINDLING_ISA
