// SPDX-License-Identifier: MIT
#pragma once

// Internal to core; not part of the interface.

#include <kindling/core/command.h>

#include <algorithm>

namespace kindling::detail {

/// The elements of x from its own `offset` on, in another shape.
inline Tensor view_of(const Tensor& x, std::int64_t offset, const Shape& shape) {
  const TensorImpl& impl = *x.impl();
  return Tensor(TensorImpl::make(impl.storage, impl.offset + offset, shape));
}

/// A shape seen as [outer, count, inner] around its dimension d.
struct Around {
  std::int64_t outer = 1;
  std::int64_t count = 1;
  std::int64_t inner = 1;
};
inline Around around(const Shape& shape, int d) {
  Around a{.count = shape[d]};
  for (int i = 0; i < d; ++i) a.outer *= shape[i];
  for (int i = d + 1; i < shape.rank(); ++i) a.inner *= shape[i];
  return a;
}

/// How a contiguous tensor of this shape is walked, as both operands.
inline Strides contiguous(const Shape& shape) {
  Strides strides;
  strides.rank = shape.rank();
  std::int64_t stride = 1;
  for (int d = shape.rank() - 1; d >= 0; --d) {
    strides.size[d] = shape[d];
    strides.first[d] = strides.second[d] = stride;
    stride *= shape[d];
  }
  return strides;
}

/// The same walk with the operands' roles exchanged.
inline Strides reversed(Strides strides) {
  std::swap(strides.first, strides.second);
  return strides;
}

/// A walk over the part [start, start + size) of dimension d of a tensor of shape `whole`: first in
/// the whole, from its element `offset` on, and second in a contiguous tensor of the part's shape.
struct PartWalk {
  Shape shape;  // of the part
  std::int64_t offset;
  Strides strides;
};
inline PartWalk part_of(const Shape& whole, int d, std::int64_t start, std::int64_t size) {
  PartWalk part{whole, 0, contiguous(whole)};
  part.shape[d] = part.strides.size[d] = size;
  part.offset = start * part.strides.first[d];
  const Strides own = contiguous(part.shape);
  std::copy(own.second, own.second + kMaxRank, part.strides.second);
  return part;
}

/// The view whose first element is element `offset` of another's.
inline View from_element(View view, std::int64_t offset) {
  view.data = static_cast<char*>(view.data) + offset * size_of(view.dtype);
  return view;
}

}  // namespace kindling::detail
