// SPDX-License-Identifier: MIT
#include <kindling/core/autograd.h>
#include <kindling/core/checks.h>
#include <kindling/core/ops.h>

#include <utility>

namespace kindling {

using namespace detail;

namespace {

Tensor view_of(const Tensor& x, std::int64_t offset, const Shape& shape) {
  const TensorImpl& impl = *x.impl();
  return Tensor(TensorImpl::make(impl.storage, impl.offset + offset, shape));
}

// Element strides of a contiguous tensor, with the sizes to walk.
Strides contiguous(const Shape& shape) {
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

Tensor transpose(const Tensor& x, int dim0, int dim1) {
  const Shape& from = check_defined("transpose", x).shape;
  const int first = check_dim("transpose", from, dim0);
  const int second = check_dim("transpose", from, dim1);
  Shape to = from;
  std::swap(to[first], to[second]);
  const Tensor y = make_tensor("transpose", to, x);
  Strides strides = contiguous(from);
  const Strides target = contiguous(to);
  std::copy(target.second, target.second + kMaxRank, strides.second);
  std::swap(strides.second[first], strides.second[second]);
  if (strides.rank == 0) return x.clone();
  issue(backend_of(x), kernels::Copy{view(x), view(y), strides});
  if (!is_tracked(x)) return y;
  track("transpose", y, {&x}, [strides](const Gradients& g) {
    Strides back = strides;
    std::swap(back.first, back.second);
    const GradientTarget grad = g.target(0);
    issue(backend_of(g.output()), kernels::Copy{g.output_view(), grad.view, back, grad.accumulate});
  });
  return y;
}

Tensor narrow(const Tensor& x, int dim, std::int64_t start, std::int64_t length) {
  const Shape from = check_defined("narrow", x).shape;
  const int d = check_dim("narrow", from, dim);
  if (start < 0 || length < 0 || start > from[d] - length) {
    throw ShapeError(message("narrow: start ", start, " and length ", length,
                             " do not fit dimension ", d, " of ", from));
  }
  Shape to = from;
  to[d] = length;
  Strides strides = contiguous(from);
  strides.size[d] = length;
  const Strides target = contiguous(to);
  std::copy(target.second, target.second + kMaxRank, strides.second);
  const std::int64_t offset = start * strides.first[d];

  Tensor y;
  if (d == 0) {
    y = view_of(x, offset, to);
  } else {
    y = make_tensor("narrow", to, x);
    issue(backend_of(x), kernels::Copy{view(view_of(x, offset, {})), view(y), strides});
  }
  if (!is_tracked(x)) return y;
  track("narrow", y, {&x}, [strides, offset](const Gradients& g) {
    const GradientTarget grad = g.target(0);
    kernels::Backend& backend = backend_of(g.output());
    issue(backend, kernels::Fill{grad.view, 0, grad.accumulate});
    Strides back = strides;
    std::swap(back.first, back.second);
    View part = grad.view;
    part.data = static_cast<char*>(part.data) + offset * size_of(part.dtype);
    issue(backend, kernels::Copy{g.output_view(), part, back, true});
  });
  return y;
}

Tensor Tensor::operator[](std::int64_t i) const {
  const Shape& from = check_defined("operator[]", *this).shape;
  if (from.rank() == 0) throw ShapeError("operator[]: a scalar has no rows: use item()");
  const std::int64_t row = i < 0 ? i + from[0] : i;
  if (row < 0 || row >= from[0]) {
    throw ShapeError(message("operator[]: row ", i, " does not exist in ", from));
  }
  return kindling::reshape(kindling::narrow(*this, 0, row, 1),
                           Shape(std::span(from.begin() + 1, from.end())));
}

Tensor index_select(const Tensor& x, const Tensor& rows) {
  const Shape& from = check_defined("index_select", x).shape;
  const TensorImpl& index = check_defined("index_select", rows);
  check_untracked("index_select", "rows", rows);
  if (from.rank() == 0) throw ShapeError("index_select: a scalar has no rows");
  if (index.shape.rank() != 1) {
    throw ShapeError(message("index_select: rows ", index.shape, " must have one dimension"));
  }
  if (index.storage->device != x.device()) {
    throw DeviceError(message("index_select: devices differ: ", x.device(), " and ",
                              index.storage->device, ": move one with to(device)"));
  }
  check_whole_numbers("index_select", "row", rows, from[0]);
  Shape to = from;
  to[0] = index.numel;
  const std::int64_t row_size = from[0] == 0 ? 0 : x.numel() / from[0];
  const Tensor y = make_tensor("index_select", to, x);
  issue(backend_of(x), kernels::Gather{view(x), view(rows), view(y), row_size});
  if (!is_tracked(x)) return y;
  track("index_select", y, {&x}, [saved_rows = Saved(rows), row_size](const Gradients& g) {
    const View row_view = g.view(saved_rows);
    const GradientTarget grad = g.target(0);
    issue(backend_of(g.output()),
          kernels::GatherBackward{row_view, g.output_view(), grad.view, row_size, grad.accumulate});
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
  if (!is_tracked(x)) return y;
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
Tensor Tensor::narrow(int dim, std::int64_t start, std::int64_t length) const {
  return kindling::narrow(*this, dim, start, length);
}
Tensor Tensor::index_select(const Tensor& rows) const {
  return kindling::index_select(*this, rows);
}

}  // namespace kindling
