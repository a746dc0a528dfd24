// SPDX-License-Identifier: MIT
#include <kindling/kernels/cpu/kernels.h>
#include <kindling/kernels/cpu/sums.h>
#include <kindling/kernels/math/order.h>

namespace kindling::kernels::cpu::KINDLING_ISA {
namespace {

/// sum_columns with many rows dealt out to the threads.
template <class T>
void sum_columns_in_parts(const T* x, std::int64_t rows, std::int64_t step, std::int64_t width,
                          double* totals) {
  constexpr std::int64_t most_parts = kMostParts / 2;
  const std::int64_t even = (rows + most_parts - 1) / most_parts;
  const std::int64_t usual = units_per_block(width);
  const std::int64_t size = even < usual ? usual : even;
  if (rows <= size) return sum_columns(x, rows, step, width, totals);
  double parts[most_parts][kStrip];
  const std::int64_t count = (rows + size - 1) / size;
  parallel_for(count, [&](std::int64_t p) {
    sum_columns(x + p * size * step, smaller(size, rows - p * size), step, width, parts[p]);
  });
  sum_columns(parts[0], count, kStrip, width, totals);
}

template <class T>
void sum_of_view(const Sum& s) {
  const T* x = elements<const T>(s.x);
  T* y = elements<T>(s.y);
  if (s.inner == 1) {
    for_each_block(s.outer, units_per_block(s.count), [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t o = begin; o < end; ++o) {
        const T* row = x + o * s.count;
        const double total = sum_of_parts(
            s.count, kElementsPerBlock,
            [row](std::int64_t i, std::int64_t past) { return sum_of(row + i, past - i); });
        put(y[o], static_cast<T>(s.scale * total), s.accumulate);
      }
    });
    return;
  }
  const std::int64_t strips = (s.inner + kStrip - 1) / kStrip;
  const std::int64_t per_block = units_per_block(s.count * smaller(s.inner, kStrip));
  for_each_block(s.outer * strips, per_block, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t unit = begin; unit < end; ++unit) {
      const std::int64_t outer = unit / strips;
      const std::int64_t first = unit % strips * kStrip;
      const std::int64_t width = smaller(kStrip, s.inner - first);
      double totals[kStrip];
      sum_columns_in_parts(x + outer * s.count * s.inner + first, s.count, s.inner, width, totals);
      T* out = y + outer * s.inner + first;
      for (std::int64_t i = 0; i < width; ++i)
        put(out[i], static_cast<T>(s.scale * totals[i]), s.accumulate);
    }
  });
}

template <class T>
void expand_view(const Expand& s) {
  const T* y = elements<const T>(s.y);
  T* x = elements<T>(s.x);
  const T scale = static_cast<T>(s.scale);
  // x consists of rows: runs of `count` equal elements, or copies of the `inner` elements of y.
  const bool equal = s.inner == 1;
  const std::int64_t width = equal ? s.count : s.inner;
  for_each_block(s.x.numel, kElementsPerBlock, [=, &s](std::int64_t begin, std::int64_t end) {
    for (std::int64_t position = begin; position < end;) {
      const std::int64_t row = position / width;
      const std::int64_t column = position % width;
      const T* from = equal ? y + row : y + row / s.count * s.inner + column;
      const std::int64_t length = smaller(width - column, end - position);
      put_pieces(x + position, length, s.accumulate,
                 [=](T* out, std::int64_t first, std::int64_t n) {
                   if (equal) {
                     const T value = scale * from[0];
                     simd_for(n, [=](std::int64_t i) { out[i] = value; });
                   } else {
                     simd_for(n, [=](std::int64_t i) { out[i] = scale * from[first + i]; });
                   }
                 });
      position += length;
    }
  });
}

/// The index of the first largest of n elements that are `step` apart; a NaN is larger than any
/// number.
template <class T>
std::int64_t first_largest(const T* x, std::int64_t n, std::int64_t step) {
  std::int64_t index = 0;
  T largest = x[0];
  for (std::int64_t k = 1; k < n; ++k) {
    const T value = x[k * step];
    if (math::is_larger(value, largest)) {
      largest = value;
      index = k;
    }
  }
  return index;
}

}  // namespace

void run(const Sum& arguments) {
  if (arguments.y.numel == 0) return;
  with_type(arguments.y.dtype, [&](auto zero) { sum_of_view<decltype(zero)>(arguments); });
}

void run(const Expand& arguments) {
  if (arguments.x.numel == 0) return;
  with_type(arguments.x.dtype, [&](auto zero) { expand_view<decltype(zero)>(arguments); });
}

void run(const Argmax& arguments) {
  with_type(arguments.x.dtype, [&](auto zero) {
    using T = decltype(zero);
    const T* x = elements<const T>(arguments.x);
    auto* y = elements<std::int64_t>(arguments.y);
    const std::int64_t inner = arguments.inner;
    const std::int64_t count = arguments.count;
    for_each_block(
        arguments.y.numel, units_per_block(count), [=](std::int64_t begin, std::int64_t end) {
          for (std::int64_t i = begin; i < end; ++i)
            y[i] = first_largest(x + i / inner * count * inner + i % inner, count, inner);
        });
  });
}

}  // namespace kindling::kernels::cpu::KINDLING_ISA
