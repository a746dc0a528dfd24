// SPDX-License-Identifier: MIT
#include <kindling/kernels/cpu/kernels.h>
#include <kindling/kernels/cpu/loops.h>
#include <kindling/kernels/math/functions.h>
#include <kindling/kernels/math/permutation.h>

namespace kindling::kernels::cpu::KINDLING_ISA {
namespace {

template <class T>
void copy_row(const T* source, T* target, std::int64_t n) {
  simd_for(n, [=](std::int64_t i) { target[i] = source[i]; });
}

/// The row number stored at rows[r], or -1 if there is no such row.
template <class Index>
std::int64_t row_number(const Index* rows, std::int64_t r, std::int64_t count) {
  const Index number = rows[r];
  return number >= Index(0) && number < static_cast<Index>(count)
             ? static_cast<std::int64_t>(number)
             : -1;
}

template <class T, class Index>
void gather_rows(const Gather& arguments) {
  const std::int64_t size = arguments.row_size;
  const T* x = elements<const T>(arguments.x);
  const Index* rows = elements<const Index>(arguments.rows);
  T* y = elements<T>(arguments.y);
  const std::int64_t count = arguments.x.numel / size;
  for_each_block(arguments.rows.numel, units_per_block(size),
                 [=](std::int64_t begin, std::int64_t end) {
                   for (std::int64_t r = begin; r < end; ++r) {
                     const std::int64_t from = row_number(rows, r, count);
                     T* out = y + r * size;
                     if (from >= 0)
                       copy_row(x + from * size, out, size);
                     else
                       simd_for(size, [=](std::int64_t i) { out[i] = math::not_a_number<T>(); });
                   }
                 });
}

template <class T, class Index>
void add_rows(const GatherBackward& arguments) {
  const std::int64_t size = arguments.row_size;
  const Index* rows = elements<const Index>(arguments.rows);
  const T* grad_y = elements<const T>(arguments.grad_y);
  T* grad_x = elements<T>(arguments.grad_x);
  const std::int64_t count = arguments.grad_x.numel / size;
  const std::int64_t gathered = arguments.rows.numel;
  // Rows may repeat, and their order counts: the columns are dealt out, not the rows.
  const std::int64_t strip = units_per_block(gathered) < 64 ? 64 : units_per_block(gathered);
  for_each_block(size, strip, [=](std::int64_t begin, std::int64_t end) {
    for (std::int64_t r = 0; r < gathered; ++r) {
      const std::int64_t to = row_number(rows, r, count);
      if (to < 0) continue;
      const T* from = grad_y + r * size + begin;
      T* out = grad_x + to * size + begin;
      simd_for(end - begin, [=](std::int64_t i) { out[i] += from[i]; });
    }
  });
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
  with_type(arguments.y.dtype, [&](auto zero) {
    with_type(arguments.rows.dtype,
              [&](auto index) { gather_rows<decltype(zero), decltype(index)>(arguments); });
  });
}

void run(const GatherBackward& arguments) {
  if (arguments.grad_x.numel == 0) return;
  if (!arguments.accumulate) run(Fill{arguments.grad_x, 0.0});
  with_type(arguments.grad_x.dtype, [&](auto zero) {
    with_type(arguments.rows.dtype,
              [&](auto index) { add_rows<decltype(zero), decltype(index)>(arguments); });
  });
}

void run(const LoadBatch& arguments) {
  with_type(arguments.batch.dtype, [&](auto zero) { load_rows<decltype(zero)>(arguments); });
  if (arguments.advance) ++arguments.state->dealt;
}

}  // namespace kindling::kernels::cpu::KINDLING_ISA
