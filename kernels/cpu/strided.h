// SPDX-License-Identifier: MIT
#pragma once

#include <kindling/kernels/cpu/loops.h>
#include <kindling/kernels/strides.h>

namespace kindling::kernels::cpu::KINDLING_ISA {

/// Element offsets of both operands at one position of the walk.
struct Offsets {
  std::int64_t first = 0;
  std::int64_t second = 0;
};

/// Calls row(position, offsets, length) for the pieces of [begin, end), counted in elements of the
/// walk, that lie in one row each: the operands step by the strides of the last dimension there.
template <class F>
__attribute__((always_inline)) inline void for_each_row(const Strides& strides, std::int64_t begin,
                                                        std::int64_t end, const F& row) {
  const int last = strides.rank - 1;
  std::int64_t index[kMaxRank] = {};
  Offsets offsets;
  std::int64_t column = begin;
  if (begin != 0) {
    column = begin % strides.size[last];
    std::int64_t rest = begin / strides.size[last];
    for (int d = last - 1; d >= 0; --d) {
      index[d] = rest % strides.size[d];
      rest /= strides.size[d];
      offsets.first += index[d] * strides.first[d];
      offsets.second += index[d] * strides.second[d];
    }
  }
  for (std::int64_t position = begin; position < end;) {
    const std::int64_t length = smaller(strides.size[last] - column, end - position);
    row(position,
        Offsets{offsets.first + column * strides.first[last],
                offsets.second + column * strides.second[last]},
        length);
    position += length;
    column = 0;
    for (int d = last - 1; d >= 0; --d) {
      offsets.first += strides.first[d];
      offsets.second += strides.second[d];
      if (++index[d] < strides.size[d]) break;
      index[d] = 0;
      offsets.first -= strides.size[d] * strides.first[d];
      offsets.second -= strides.size[d] * strides.second[d];
    }
  }
}

}  // namespace kindling::kernels::cpu::KINDLING_ISA
