// SPDX-License-Identifier: MIT
#include <kindling/kernels/cpu/kernels.h>
#include <kindling/kernels/cpu/strided.h>
#include <kindling/kernels/cpu/vector.h>
#include <kindling/kernels/math/functions.h>

namespace kindling::kernels::cpu::KINDLING_ISA {
namespace {

/// target[i * target_step] (+)= source[i * source_step]
template <class From, class To>
void copy_row(const From* source, std::int64_t source_step, To* target, std::int64_t target_step,
              std::int64_t n, bool accumulate) {
  if (target_step == 1 && source_step == 1) {
    if (accumulate)
      simd_for(n, [=](std::int64_t i) { target[i] += math::converted<To>(source[i]); });
    else
      simd_for(n, [=](std::int64_t i) { target[i] = math::converted<To>(source[i]); });
    return;
  }
  for (std::int64_t i = 0; i < n; ++i) {
    const To value = math::converted<To>(source[i * source_step]);
    To& out = target[i * target_step];
    out = accumulate ? out + value : value;
  }
}

/// out[c * out_step + r] = source[r * step + c] for a tile of up to kLanes x kLanes.
template <class T>
void transpose_tile(const T* source, std::int64_t step, std::int64_t rows, std::int64_t columns,
                    T* out, std::int64_t out_step) {
  constexpr int lanes = kLanes<T>;
  if (rows == lanes && columns == lanes) {
    Vector<T> tile[kLanes<T>];
    for (int r = 0; r < lanes; ++r) tile[r] = load(source + r * step);
    transpose<T>(tile);
    for (int c = 0; c < lanes; ++c) store(out + c * out_step, tile[c]);
    return;
  }
  for (std::int64_t c = 0; c < columns; ++c)
    for (std::int64_t r = 0; r < rows; ++r) out[c * out_step + r] = source[r * step + c];
}

/// A walk whose source runs along another dimension than its target: the target's rows are the
/// source's columns.
struct Transpose {
  std::int64_t rows = 0;     // of the source, which are `step` elements apart
  std::int64_t columns = 0;  // and `row_step` elements apart in the target as its rows
  std::int64_t step = 0;
  std::int64_t row_step = 0;
  Strides others;  // the remaining dimensions
};

/// Whether the walk is one, and then its dimensions.
bool is_transpose(const Strides& strides, Transpose& out) {
  const int last = strides.rank - 1;
  if (strides.second[last] != 1 || strides.first[last] == 1 || strides.first[last] == 0)
    return false;
  int unit = 0;
  while (unit < last && strides.first[unit] != 1) ++unit;
  if (unit == last) return false;
  out.rows = strides.size[last];
  out.columns = strides.size[unit];
  out.step = strides.first[last];
  out.row_step = strides.second[unit];
  for (int d = 0; d < last; ++d) {
    if (d == unit) continue;
    out.others.size[out.others.rank] = strides.size[d];
    out.others.first[out.others.rank] = strides.first[d];
    out.others.second[out.others.rank] = strides.second[d];
    ++out.others.rank;
  }
  out.others = coalesced(out.others);
  return true;
}

/// Rows [begin, end) of the source of one transpose.
template <class T>
void transpose_rows(const Transpose& walk, const T* source, T* target, std::int64_t begin,
                    std::int64_t end, bool accumulate) {
  constexpr int lanes = kLanes<T>;
  alignas(64) T tile[kLanes<T>][kLanes<T>];
  for (std::int64_t r = begin; r < end; r += lanes) {
    const std::int64_t rows = smaller(lanes, end - r);
    for (std::int64_t c = 0; c < walk.columns; c += lanes) {
      const std::int64_t columns = smaller(lanes, walk.columns - c);
      const T* from = source + r * walk.step + c;
      T* to = target + c * walk.row_step + r;
      if (!accumulate) {
        transpose_tile(from, walk.step, rows, columns, to, walk.row_step);
        continue;
      }
      transpose_tile(from, walk.step, rows, columns, tile[0], lanes);
      for (std::int64_t i = 0; i < columns; ++i)
        copy_row(tile[i], 1, to + i * walk.row_step, 1, rows, true);
    }
  }
}

template <class T>
void transpose_all(const Transpose& walk, const Copy& arguments, std::int64_t numel) {
  const T* source = elements<const T>(arguments.source);
  T* target = elements<T>(arguments.target);
  // A unit is a strip of source rows: a multiple of every tile's, of about as many elements as a
  // block.
  constexpr std::int64_t multiple = 16;
  const std::int64_t height = (units_per_block(walk.columns) + multiple - 1) / multiple * multiple;
  const std::int64_t strips = (walk.rows + height - 1) / height;
  const std::int64_t units = numel / (walk.rows * walk.columns) * strips;
  const std::int64_t size = smaller(height, walk.rows) * walk.columns;
  for_each_block(units, units_per_block(size), [&](std::int64_t first, std::int64_t past) {
    for (std::int64_t unit = first; unit < past; ++unit) {
      const std::int64_t plane = unit / strips;
      const std::int64_t begin = unit % strips * height;
      for_each_row(walk.others, plane, plane + 1, [&](std::int64_t, Offsets at, std::int64_t) {
        transpose_rows(walk, source + at.first, target + at.second, begin,
                       smaller(begin + height, walk.rows), arguments.accumulate);
      });
    }
  });
}

template <class From, class To>
void copy_rows(const Copy& arguments, const Strides& strides, std::int64_t numel) {
  const From* source = elements<const From>(arguments.source);
  To* target = elements<To>(arguments.target);
  const int last = strides.rank - 1;
  for_each_block(numel, kElementsPerBlock, [&](std::int64_t begin, std::int64_t end) {
    for_each_row(strides, begin, end, [&](std::int64_t, Offsets at, std::int64_t length) {
      copy_row(source + at.first, strides.first[last], target + at.second, strides.second[last],
               length, arguments.accumulate);
    });
  });
}

}  // namespace

void run(const Copy& arguments) {
  const Strides strides = coalesced(arguments.strides);
  std::int64_t numel = 1;
  for (int d = 0; d < strides.rank; ++d) numel *= strides.size[d];
  if (numel == 0) return;
  if (arguments.source.dtype == arguments.target.dtype) {
    with_type(moved_as(arguments.source.dtype), [&](auto zero) {
      using T = decltype(zero);
      Transpose walk;
      if (is_transpose(strides, walk)) return transpose_all<T>(walk, arguments, numel);
      copy_rows<T, T>(arguments, strides, numel);
    });
    return;
  }
  with_any_type(arguments.source.dtype, [&](auto from) {
    with_any_type(arguments.target.dtype, [&](auto to) {
      copy_rows<decltype(from), decltype(to)>(arguments, strides, numel);
    });
  });
}

}  // namespace kindling::kernels::cpu::KINDLING_ISA
