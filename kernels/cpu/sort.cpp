// SPDX-License-Identifier: MIT
#include <kindling/kernels/cpu/kernels.h>
#include <kindling/kernels/cpu/loops.h>
#include <kindling/kernels/math/order.h>

#include <algorithm>
#include <numeric>

namespace kindling::kernels::cpu::KINDLING_ISA {

void run(const Sort& s) {
  if (s.y.numel == 0) return;
  constexpr std::int64_t kCostOfElement = 16;  // elements of plain work that take as long
  with_any_type(s.x.dtype, [&](auto zero) {
    using T = decltype(zero);
    for_each_block(s.y.numel / s.row_size, units_per_block(s.row_size * kCostOfElement),
                   [&](std::int64_t begin, std::int64_t end) {
                     for (std::int64_t r = begin; r < end; ++r) {
                       const T* x = elements<const T>(s.x) + r * s.row_size;
                       auto* order = elements<std::int64_t>(s.y) + r * s.row_size;
                       for (std::int64_t k = 0; k < s.row_size; ++k) order[k] = k;
                       std::sort(order, order + s.row_size,
                                 [x, down = s.descending](auto a, auto b) {
                                   return math::stands_before(x[a], a, x[b], b, down);
                                 });
                     }
                   });
  });
}

}  // namespace kindling::kernels::cpu::KINDLING_ISA
