// SPDX-License-Identifier: MIT
#include <kindling/core/autograd.h>
#include <kindling/core/broadcast.h>
#include <kindling/core/checks.h>
#include <kindling/core/ops.h>
#include <kindling/core/strided.h>

#include <algorithm>
#include <array>
#include <span>
#include <utility>

namespace kindling {

using namespace detail;

namespace {

Shape appended(const Shape& shape, std::int64_t size) {
  std::array<std::int64_t, kMaxRank + 1> sizes{};
  std::copy(shape.begin(), shape.end(), sizes.begin());
  sizes[static_cast<std::size_t>(shape.rank())] = size;
  return Shape(std::span(sizes).first(static_cast<std::size_t>(shape.rank()) + 1));
}

Shape resolve(const Shape& from, const Shape& to) {
  Shape shape = to;
  int open = -1;
  for (int d = 0; d < to.rank(); ++d) {
    if (to[d] == -1 && open == -1) {
      open = d;
      shape[d] = 1;
    } else if (to[d] < 0) {
      throw ShapeError(message("reshape: shape ", to, " has ",
                               to[d] == -1 ? "more than one -1" : "a negative size"));
    }
  }
  const std::int64_t numel = from.numel();
  const std::int64_t known = checked_numel("reshape", shape);
  if (open >= 0 && known != 0) shape[open] = numel / known;
  if (shape.numel() != numel || (open >= 0 && known == 0)) {
    throw ShapeError(message("reshape: ", from, " with ", numel, " elements does not fit ", to));
  }
  return shape;
}

}  // namespace

Tensor reshape(const Tensor& x, const Shape& shape) {
  const Shape from = check_defined("reshape", x).shape;
  const Tensor y = view_of(x, 0, resolve(from, shape));
  if (!is_tracked(x)) return y;
  track("reshape", y, {&x},
        [from](const Gradients& g) { g.pass(0, view_of(g.output(), 0, from)); });
  return y;
}

Tensor squeeze(const Tensor& x, int dim) {
  const Shape& from = check_defined("squeeze", x).shape;
  const int d = check_dim("squeeze", from, dim);
  if (from[d] != 1) {
    throw ShapeError(message("squeeze: dimension ", d, " of ", from, " has the size ", from[d],
                             ": only one of size 1 can be left out"));
  }
  Shape to;
  for (int i = 0; i < from.rank(); ++i)
    if (i != d) to = appended(to, from[i]);
  return reshape(x, to);
}

Tensor squeeze(const Tensor& x) {
  Shape to;
  for (const std::int64_t size : check_defined("squeeze", x).shape)
    if (size != 1) to = appended(to, size);
  return reshape(x, to);
}

Tensor unsqueeze(const Tensor& x, int dim) {
  const Shape& from = check_defined("unsqueeze", x).shape;
  const int d = dim < 0 ? dim + from.rank() + 1 : dim;
  if (d < 0 || d > from.rank()) {
    throw ShapeError(message("unsqueeze: dimension ", dim, " cannot be added to ", from,
                             ": it must be from ", -from.rank() - 1, " to ", from.rank()));
  }
  Shape to;
  for (int i = 0; i <= from.rank(); ++i) {
    if (i == d) to = appended(to, 1);
    if (i < from.rank()) to = appended(to, from[i]);
  }
  return reshape(x, to);
}

Tensor flatten(const Tensor& x, int start_dim, int end_dim) {
  const Shape& from = check_defined("flatten", x).shape;
  if (from.rank() == 0) return reshape(x, {1});
  const int start = check_dim("flatten", from, start_dim);
  const int end = check_dim("flatten", from, end_dim);
  if (start > end) {
    throw ShapeError(message("flatten: dimensions ", start_dim, " to ", end_dim, " of ", from,
                             ": the first must not come after the last"));
  }
  Shape to;
  for (int i = 0; i < from.rank(); ++i) {
    if (i <= start || i > end)
      to = appended(to, from[i]);
    else
      to[start] *= from[i];
  }
  return reshape(x, to);
}

namespace {

using Order = std::array<int, kMaxRank>;

// A walk in the order of y, whose dimension d is dimension order[d] of x; first in x, second in y.
Strides reordering(const Shape& x, const Order& order, Shape& y) {
  y = x;
  for (int d = 0; d < x.rank(); ++d) y[d] = x[order[static_cast<std::size_t>(d)]];
  Strides strides = contiguous(y);
  const Strides source = contiguous(x);
  for (int d = 0; d < x.rank(); ++d)
    strides.first[d] = source.first[order[static_cast<std::size_t>(d)]];
  return strides;
}

Tensor reordered(const char* name, const Tensor& x, const Order& order) {
  const Shape& from = x.impl()->shape;
  if (from.rank() == 0) return x.clone();
  Shape to;
  const Strides strides = reordering(from, order, to);
  const Tensor y = make_tensor(name, to, x);
  issue(backend_of(x), kernels::Copy{view(x), view(y), strides});
  if (!is_tracked(x)) return y;
  Order inverse{};
  for (int d = 0; d < from.rank(); ++d)
    inverse[static_cast<std::size_t>(order[static_cast<std::size_t>(d)])] = d;
  track(name, y, {&x}, [to, inverse](const Gradients& g) {
    Shape back;
    const Strides walk = reordering(to, inverse, back);
    const GradientTarget grad = g.target(0);
    issue(backend_of(g.output()), kernels::Copy{g.output_view(), grad.view, walk, grad.accumulate});
  });
  return y;
}

constexpr Order kInOrder = {0, 1, 2, 3, 4, 5, 6, 7};

}  // namespace

Tensor transpose(const Tensor& x, int dim0, int dim1) {
  const Shape& from = check_defined("transpose", x).shape;
  const auto first = static_cast<std::size_t>(check_dim("transpose", from, dim0));
  const auto second = static_cast<std::size_t>(check_dim("transpose", from, dim1));
  Order order = kInOrder;
  std::swap(order[first], order[second]);
  return reordered("transpose", x, order);
}

Tensor permute(const Tensor& x, const std::vector<int>& dims) {
  const Shape& from = check_defined("permute", x).shape;
  Order order = kInOrder;
  bool fits = dims.size() == static_cast<std::size_t>(from.rank());
  for (std::size_t d = 0; fits && d < dims.size(); ++d) {
    order[d] = check_dim("permute", from, dims[d]);
    fits = std::find(order.begin(), order.begin() + d, order[d]) == order.begin() + d;
  }
  if (!fits) {
    throw ShapeError(message("permute: ", dims.size(), " dimension numbers do not name each of ",
                             from, " once"));
  }
  return reordered("permute", x, order);
}

Tensor expand(const Tensor& x, const Shape& shape) {
  const Shape from = check_defined("expand", x).shape;
  Shape to = shape;
  const int added = to.rank() - from.rank();
  for (int d = 0; d < to.rank(); ++d)
    if (to[d] == -1 && d >= added) to[d] = from[d - added];
  checked_numel("expand", to);
  if (added < 0 || broadcast_shape("expand", from, to) != to) {
    throw ShapeError(message("expand: ", from, " cannot become ", shape,
                             ": only dimensions of size 1, and new ones in front, are repeated"));
  }
  const Tensor y = make_tensor("expand", to, x);
  issue(backend_of(x), kernels::Copy{view(x), view(y), broadcast_strides(from, to, to)});
  if (!is_tracked(x)) return y;
  track("expand", y, {&x}, [from, to](const Gradients& g) {
    const GradientTarget grad = g.target(0);
    sum_broadcast(g.output(), to, grad.view, from, grad.accumulate);
  });
  return y;
}

Tensor Tensor::clone() const {
  check_defined("clone", *this);
  const Tensor y = make_like(*this);
  issue_copy(device(), view(*this), view(y));
  if (!is_tracked(*this)) return y;
  track("clone", y, {this}, [](const Gradients& g) { g.pass(0, g.output()); });
  return y;
}

namespace {

Tensor convert(const Tensor& x, DType dtype, Device device) {
  const Storage& from = *x.impl()->storage;
  if (from.dtype == dtype && from.device == device) return x;
  const Tensor y = make_tensor("to", x.impl()->shape, dtype, device);
  transfer("to", view(x), from.device, view(y), device);
  if (!is_tracked(x) || !is_floating(dtype)) return y;
  track("to", y, {&x}, [device = from.device](const Gradients& g) {
    const Tensor moved = convert(g.output(), g.output().dtype(), device);
    const GradientTarget grad = g.target(0);
    issue_copy(device, view(moved), grad.view, grad.accumulate);
  });
  return y;
}

}  // namespace

Tensor Tensor::to(Device device) const {
  return convert(*this, check_defined("to", *this).storage->dtype, device);
}
Tensor Tensor::to(DType dtype) const {
  return convert(*this, dtype, check_defined("to", *this).storage->device);
}

Tensor Tensor::transpose(int dim0, int dim1) const {
  return kindling::transpose(*this, dim0, dim1);
}
Tensor Tensor::reshape(const Shape& shape) const { return kindling::reshape(*this, shape); }
Tensor Tensor::squeeze() const { return kindling::squeeze(*this); }
Tensor Tensor::squeeze(int dim) const { return kindling::squeeze(*this, dim); }
Tensor Tensor::unsqueeze(int dim) const { return kindling::unsqueeze(*this, dim); }
Tensor Tensor::flatten(int start_dim, int end_dim) const {
  return kindling::flatten(*this, start_dim, end_dim);
}
Tensor Tensor::permute(const std::vector<int>& dims) const {
  return kindling::permute(*this, dims);
}
Tensor Tensor::expand(const Shape& shape) const { return kindling::expand(*this, shape); }

}  // namespace kindling
