// SPDX-License-Identifier: MIT
#include <kindling/core/broadcast.h>

#include <algorithm>

namespace kindling::detail {

namespace {

// Size of dimension d of `out` in `shape`, which is aligned at the last dimension.
std::int64_t aligned_size(const Shape& shape, const Shape& out, int d) noexcept {
  const int own = d - (out.rank() - shape.rank());
  return own < 0 ? 1 : shape[own];
}

}  // namespace

Shape broadcast_shape(const char* op, const Shape& a, const Shape& b) {
  if (a == b) return a;
  Shape out = a.rank() >= b.rank() ? a : b;
  for (int d = 0; d < out.rank(); ++d) {
    const std::int64_t first = aligned_size(a, out, d);
    const std::int64_t second = aligned_size(b, out, d);
    if (first != second && first != 1 && second != 1) {
      throw ShapeError(message(op, ": shapes ", a, " and ", b, " do not broadcast: sizes ", first,
                               " and ", second, " of dimension ", d - out.rank(),
                               " must be equal, or one of them 1"));
    }
    out[d] = first == 1 ? second : first;
  }
  return out;
}

Strides broadcast_strides(const Shape& a, const Shape& b, const Shape& out) {
  Strides strides;
  if (a == b) {
    strides.rank = 1;
    strides.size[0] = out.numel();
    strides.first[0] = strides.second[0] = 1;
    return strides;
  }
  // Collected from the innermost dimension outwards, then turned round.
  std::int64_t next_a = 1;
  std::int64_t next_b = 1;
  for (int d = out.rank() - 1; d >= 0; --d) {
    const std::int64_t size = out[d];
    if (size == 1) continue;
    const std::int64_t stride_a = aligned_size(a, out, d) == 1 ? 0 : next_a;
    const std::int64_t stride_b = aligned_size(b, out, d) == 1 ? 0 : next_b;
    next_a *= aligned_size(a, out, d);
    next_b *= aligned_size(b, out, d);
    const int inner = strides.rank - 1;
    if (inner >= 0 && stride_a == strides.first[inner] * strides.size[inner] &&
        stride_b == strides.second[inner] * strides.size[inner]) {
      strides.size[inner] *= size;
      continue;
    }
    strides.size[strides.rank] = size;
    strides.first[strides.rank] = stride_a;
    strides.second[strides.rank] = stride_b;
    ++strides.rank;
  }
  if (strides.rank == 0) {
    strides.rank = 1;
    strides.size[0] = 1;
  }
  std::reverse(strides.size, strides.size + strides.rank);
  std::reverse(strides.first, strides.first + strides.rank);
  std::reverse(strides.second, strides.second + strides.rank);
  return strides;
}

void sum_broadcast(const Tensor& x, const Shape& from, View target, const Shape& to,
                   bool accumulate) {
  if (x.numel() == 0) {
    issue(backend_of(x), kernels::Fill{target, 0, accumulate});
    return;
  }
  // Runs of neighbouring repeated dimensions are summed one after the other, the last run first.
  Tensor partial = x;
  std::int64_t remaining = x.numel();
  std::int64_t inner = 1;
  int d = from.rank() - 1;
  while (d >= 0 && remaining != to.numel()) {
    if (aligned_size(to, from, d) != 1 || from[d] == 1) {
      inner *= from[d--];
      continue;
    }
    std::int64_t count = 1;
    while (d >= 0 && aligned_size(to, from, d) == 1) count *= from[d--];
    const std::int64_t outer = remaining / (count * inner);
    const std::int64_t left = outer * inner;
    const bool last = left == to.numel();
    const Tensor result = last ? Tensor() : make_tensor("sum", {left}, x);
    issue(backend_of(x), kernels::Sum{view(partial), last ? target : view(result), outer, count,
                                      inner, 1.0, last && accumulate});
    if (last) return;
    partial = result;
    remaining = left;
  }
  issue_copy(x.device(), view(partial), target, accumulate);
}

}  // namespace kindling::detail
