// SPDX-License-Identifier: MIT
#include <kindling/kernels/cpu/kernels.h>
#include <kindling/kernels/cpu/loops.h>
#include <kindling/kernels/indices.h>
#include <kindling/kernels/math/functions.h>
#include <kindling/kernels/math/permutation.h>

namespace kindling::kernels::cpu::KINDLING_ISA {
namespace {

template <class T>
void copy_row(const T* source, T* target, std::int64_t n) {
  simd_for(n, [=](std::int64_t i) { target[i] = source[i]; });
}

template <class T>
void gather(const Gather& g) {
  const T* x = elements<const T>(g.x);
  T* y = elements<T>(g.y);
  const std::int64_t chosen = g.y.numel / (g.outer * g.inner);
  const auto row = [&](std::int64_t o, std::int64_t k) __attribute__((noinline)) {
    T* out = y + (o * chosen + k) * g.inner;
    const std::int64_t from = index_at(g.index.data, g.index.dtype, k, g.count);
    if (from >= 0)
      copy_row(x + (o * g.count + from) * g.inner, out, g.inner);
    else
      simd_for(g.inner, [=](std::int64_t i) { out[i] = math::not_a_number<T>(); });
  };
  const auto each = [&](std::int64_t o, std::int64_t k) __attribute__((noinline)) {
    const std::int64_t at = (o * chosen + k) * g.inner;
    for (std::int64_t i = 0; i < g.inner; ++i) {
      const std::int64_t from = index_at(g.index.data, g.index.dtype, at + i, g.count);
      y[at + i] = from < 0 ? math::not_a_number<T>() : x[(o * g.count + from) * g.inner + i];
    }
  };
  for_each_block(g.outer * chosen, units_per_block(g.inner),
                 [&](std::int64_t begin, std::int64_t end) {
                   for (std::int64_t r = begin; r < end; ++r) {
                     if (g.each)
                       each(r / chosen, r % chosen);
                     else
                       row(r / chosen, r % chosen);
                   }
                 });
}

/// Columns [begin, end) of grad_x [outer, count, inner], those of one o.
template <class T>
void add_columns(const GatherBackward& g, std::int64_t o, std::int64_t begin, std::int64_t end) {
  const std::int64_t chosen = g.grad_y.numel / (g.outer * g.inner);
  T* to = elements<T>(g.grad_x) + o * g.count * g.inner;
  for (std::int64_t k = 0; k < chosen; ++k) {
    const std::int64_t at = (o * chosen + k) * g.inner;
    const T* from = elements<const T>(g.grad_y) + at;
    if (g.each) {
      for (std::int64_t i = begin; i < end; ++i) {
        const std::int64_t index = index_at(g.index.data, g.index.dtype, at + i, g.count);
        if (index >= 0) to[index * g.inner + i] += from[i];
      }
      continue;
    }
    const std::int64_t index = index_at(g.index.data, g.index.dtype, k, g.count);
    if (index < 0) continue;
    T* out = to + index * g.inner;
    simd_for(end - begin, [=](std::int64_t i) { out[begin + i] += from[begin + i]; });
  }
}

template <class T>
void load_rows(const LoadBatch& arguments) {
  const LoaderState& state = *arguments.state;
  const std::int64_t number = arguments.number < 0 ? state.dealt : arguments.number;
  const std::int64_t first = number % state.per_epoch * state.batch_size;
  const std::int64_t size = arguments.row_size;
  const T* source = elements<const T>(arguments.source);
  T* batch = elements<T>(arguments.batch);
  for_each_block(
      arguments.rows, units_per_block(size), [=, &state](std::int64_t begin, std::int64_t end) {
        const math::Permutation permutation(static_cast<std::uint64_t>(state.samples), state.seed,
                                            static_cast<std::uint64_t>(number / state.per_epoch));
        for (std::int64_t j = begin; j < end; ++j) {
          // A batch that reaches past the last sample goes on with the first ones.
          const auto position = static_cast<std::uint64_t>((first + j) % state.samples);
          const std::uint64_t sample = state.shuffle ? permutation(position) : position;
          copy_row(source + static_cast<std::int64_t>(sample) * size, batch + j * size, size);
        }
      });
}

}  // namespace

void run(const Gather& arguments) {
  if (arguments.y.numel == 0) return;
  with_type(moved_as(arguments.y.dtype), [&](auto zero) { gather<decltype(zero)>(arguments); });
}

void run(const GatherBackward& arguments) {
  if (arguments.grad_x.numel == 0) return;
  if (!arguments.accumulate) run(Fill{arguments.grad_x, 0.0});
  if (arguments.grad_y.numel == 0) return;
  // An index may repeat, and the order counts: columns are dealt out, not what was chosen.
  const std::int64_t chosen = arguments.grad_y.numel / (arguments.outer * arguments.inner);
  const std::int64_t strip = smaller(arguments.inner, 64);
  const std::int64_t strips = (arguments.inner + strip - 1) / strip;
  with_type(arguments.grad_x.dtype, [&](auto zero) {
    using T = decltype(zero);
    for_each_block(arguments.outer * strips, units_per_block(chosen * strip),
                   [&](std::int64_t first, std::int64_t past) {
                     for (std::int64_t unit = first; unit < past; ++unit) {
                       const std::int64_t begin = unit % strips * strip;
                       add_columns<T>(arguments, unit / strips, begin,
                                      smaller(begin + strip, arguments.inner));
                     }
                   });
  });
}

void run(const LoadBatch& arguments) {
  with_type(moved_as(arguments.batch.dtype),
            [&](auto zero) { load_rows<decltype(zero)>(arguments); });
  if (arguments.advance) ++arguments.state->dealt;
}

}  // namespace kindling::kernels::cpu::KINDLING_ISA
