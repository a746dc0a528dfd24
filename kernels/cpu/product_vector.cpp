// SPDX-License-Identifier: MIT
#include <kindling/kernels/cpu/product_tiles.h>
#include <kindling/kernels/cpu/vector.h>

#include <cstdint>

namespace kindling::kernels::cpu::KINDLING_ISA {
namespace {

/// out[i * out_step] (+)= rows[i] . x for `count` rows of k elements, which stand `step` elements
/// apart
template <class T, int count>
__attribute__((always_inline)) inline void dot_rows(const T* rows, std::int64_t step, const T* x,
                                                    std::int64_t k, T* out, std::int64_t out_step,
                                                    bool accumulate) {
  constexpr std::int64_t lanes = kLanes<T>;
  T total[std::size_t{count}] = {};
  std::int64_t p = 0;
  if (k >= lanes) {
    Vector<T> sum[std::size_t{count}] = {};
    for (; k - p >= lanes; p += lanes) {
      const Vector<T> right = load(x + p);
      for (int i = 0; i < count; ++i) sum[i] += load(rows + i * step + p) * right;
    }
    for (int i = 0; i < count; ++i) total[i] = sum_of_lanes<T>(sum[i]);
  }
  for (; p < k; ++p)
    for (int i = 0; i < count; ++i) total[i] += rows[i * step + p] * x[p];
  for (int i = 0; i < count; ++i) {
    T& target = out[i * out_step];
    target = accumulate ? target + total[i] : total[i];
  }
}

template <class T>
void multiply(const ProductBlock<T>& block) {
  constexpr int together = 4;
  const bool column = block.n == 1;  // c [m, 1] = a [m, k] b; otherwise c [1, n] = a b [n, k]^T
  const T* rows = column ? block.a : block.b;
  const T* x = column ? block.b : block.a;
  const std::int64_t step = column ? block.lda : block.ldb;
  const std::int64_t count = column ? block.m : block.n;
  const std::int64_t out_step = column ? block.ldc : 1;
  std::int64_t i = 0;
  for (; count - i >= together; i += together)
    dot_rows<T, together>(rows + i * step, step, x, block.k, block.c + i * out_step, out_step,
                          block.accumulate);
  for (; i < count; ++i)
    dot_rows<T, 1>(rows + i * step, step, x, block.k, block.c + i * out_step, out_step,
                   block.accumulate);
}

}  // namespace

void multiply_vector(const ProductBlock<float>& block) { multiply(block); }
void multiply_vector(const ProductBlock<double>& block) { multiply(block); }

}  // namespace kindling::kernels::cpu::KINDLING_ISA
