// SPDX-License-Identifier: MIT
#pragma once

#include <kindling/kernels/backend.h>
#include <kindling/kernels/cpu/loops.h>
#include <kindling/kernels/cpu/sums.h>
#include <kindling/kernels/math/elementwise.h>

#include <cstdint>

/// What a product does to a block of c while it is still in the cache, and the sums it makes beside
/// it. For product.cpp.
namespace kindling::kernels::cpu::KINDLING_ISA {
namespace {

/// c = op(c + bias) on `count` elements that follow one another; pre_activation, if given, is what
/// op was applied to.
template <UnaryOp op, class T>
void finish_elements(T* __restrict c, const T* __restrict bias, T* __restrict pre_activation,
                     std::int64_t count) {
  if (pre_activation != nullptr) {
    for (std::int64_t x = 0; x < count; ++x) {
      if (bias != nullptr) c[x] += bias[x];
      pre_activation[x] = c[x];
    }
    bias = nullptr;
  }
  if (bias != nullptr)
    for (std::int64_t x = 0; x < count; ++x) c[x] = math::value(op, c[x] + bias[x]);
  else
    for (std::int64_t x = 0; x < count; ++x) c[x] = math::value(op, c[x]);
}

/// c = 0 where the mask, the output of a ReLU, is
template <class T>
void mask_elements(T* __restrict c, const T* __restrict mask, std::int64_t count) {
  for (std::int64_t x = 0; x < count; ++x) c[x] = math::gradient(UnaryOp::relu, mask[x], c[x]);
}

/// The epilogue of rows [i, i + rows), columns [j, j + columns) of c.
template <class T>
void apply_epilogue(const Product& p, std::int64_t i, std::int64_t rows, std::int64_t j,
                    std::int64_t columns) {
  if (p.bias.data == nullptr && p.pre_activation.data == nullptr && p.mask.data == nullptr &&
      p.activation == UnaryOp::identity)
    return;
  const auto at = [](const View& view, std::int64_t offset) {
    return view.data == nullptr ? nullptr : elements<T>(view) + offset;
  };
  math::visit<UnaryOp, UnaryOp::last_activation>(p.activation, [&]<UnaryOp op>() {
    if (p.n == 1) {  // the rows follow one another: one pass for all
      T* c = at(p.c, i);
      if (p.bias.data != nullptr) {
        const T bias = *at(p.bias, 0);
        for (std::int64_t x = 0; x < rows; ++x) c[x] += bias;
      }
      finish_elements<op, T>(c, nullptr, at(p.pre_activation, i), rows);
      if (p.mask.data != nullptr) mask_elements<T>(c, at(p.mask, i), rows);
      return;
    }
    for (std::int64_t row = i; row < i + rows; ++row) {
      const std::int64_t start = row * p.n + j;
      T* c = at(p.c, start);
      finish_elements<op, T>(c, at(p.bias, j), at(p.pre_activation, start), columns);
      if (p.mask.data != nullptr) mask_elements<T>(c, at(p.mask, start), columns);
    }
  });
}

/// sums[i] (+)= the sum of row i of op(a) [rows, k]
template <class T>
void sum_rows(const T* a, std::int64_t lda, bool transposed, std::int64_t rows, std::int64_t k,
              T* sums, bool accumulate) {
  if (!transposed || lda == 1) {
    for (std::int64_t i = 0; i < rows; ++i)
      put(sums[i], static_cast<T>(sum_of(a + i * lda, k)), accumulate);
    return;
  }
  for (std::int64_t i = 0; i < rows; i += kStrip) {
    const std::int64_t width = smaller(kStrip, rows - i);
    double totals[kStrip];
    sum_columns(a + i, k, lda, width, totals);
    for (std::int64_t x = 0; x < width; ++x)
      put(sums[i + x], static_cast<T>(totals[x]), accumulate);
  }
}

}  // namespace
}  // namespace kindling::kernels::cpu::KINDLING_ISA
