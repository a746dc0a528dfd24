// SPDX-License-Identifier: MIT
// Parts of a tensor, and a tensor of parts.
#include <kindling/core/autograd.h>
#include <kindling/core/checks.h>
#include <kindling/core/ops.h>
#include <kindling/core/strided.h>

#include <span>

namespace kindling {

using namespace detail;

Tensor narrow(const Tensor& x, int dim, std::int64_t start, std::int64_t length) {
  const Shape from = check_defined("narrow", x).shape;
  const int d = check_dim("narrow", from, dim);
  if (start < 0 || length < 0 || start > from[d] - length) {
    throw ShapeError(message("narrow: start ", start, " and length ", length,
                             " do not fit dimension ", d, " of ", from));
  }
  const PartWalk part = part_of(from, d, start, length);
  Tensor y;
  if (d == 0) {
    y = view_of(x, part.offset, part.shape);
  } else {
    y = make_tensor("narrow", part.shape, x);
    issue(backend_of(x), kernels::Copy{from_element(view(x), part.offset), view(y), part.strides});
  }
  if (!is_tracked(x)) return y;
  track("narrow", y, {&x}, [strides = part.strides, offset = part.offset](const Gradients& g) {
    const GradientTarget grad = g.target(0);
    kernels::Backend& backend = backend_of(g.output());
    issue(backend, kernels::Fill{grad.view, 0, grad.accumulate});
    issue(backend,
          kernels::Copy{g.output_view(), from_element(grad.view, offset), reversed(strides), true});
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
  return kindling::squeeze(kindling::narrow(*this, 0, row, 1), 0);
}

namespace {

// Two tensors that fit, one after the other along dimension d.
Tensor joined(const Tensor& a, const Tensor& b, int d) {
  Shape shape = a.shape();
  shape[d] += b.shape()[d];
  const Tensor y = make_tensor("cat", shape, a);
  const PartWalk first = part_of(shape, d, 0, a.shape()[d]);
  const PartWalk second = part_of(shape, d, first.shape[d], b.shape()[d]);
  const auto put = [&](const Tensor& x, const PartWalk& part) {
    issue(backend_of(y),
          kernels::Copy{view(x), from_element(view(y), part.offset), reversed(part.strides)});
  };
  put(a, first);
  put(b, second);
  if (!is_tracked(a, b)) return y;
  track(
      "cat", y, {&a, &b},
      [first = first.strides, second = second.strides, offset = second.offset](const Gradients& g) {
        const auto take = [&](int input, std::int64_t from, const Strides& strides) {
          if (!g.needs(input)) return;
          const GradientTarget grad = g.target(input);
          issue(backend_of(g.output()), kernels::Copy{from_element(g.output_view(), from),
                                                      grad.view, strides, grad.accumulate});
        };
        take(0, 0, first);
        take(1, offset, second);
      });
  return y;
}

// In halves: an element is copied once a level.
Tensor joined(std::span<const Tensor> tensors, int d) {
  if (tensors.size() == 1) return tensors.front();
  const std::size_t half = tensors.size() / 2;
  return joined(joined(tensors.first(half), d), joined(tensors.subspan(half), d), d);
}

}  // namespace

Tensor cat(const std::vector<Tensor>& tensors, int dim) {
  if (tensors.empty()) throw ValueError("cat: no tensors: give at least one");
  const Shape first = check_defined("cat", tensors.front()).shape;
  const int d = check_dim("cat", first, dim);
  for (const Tensor& tensor : tensors) {
    check_same("cat", tensors.front(), tensor);
    Shape shape = tensor.shape();
    if (shape.rank() == first.rank()) shape[d] = first[d];
    if (shape != first) {
      throw ShapeError(message("cat: shapes ", first, " and ", tensor.shape(),
                               " may differ in dimension ", d, " only"));
    }
  }
  return tensors.size() == 1 ? tensors.front().clone() : joined(tensors, d);
}

Tensor stack(const std::vector<Tensor>& tensors, int dim) {
  if (tensors.empty()) throw ValueError("stack: no tensors: give at least one");
  const Shape& first = check_defined("stack", tensors.front()).shape;
  std::vector<Tensor> rows;
  for (const Tensor& tensor : tensors) {
    if (check_defined("stack", tensor).shape != first) {
      throw ShapeError(
          message("stack: shapes ", first, " and ", tensor.shape(), " differ: all must be equal"));
    }
    rows.push_back(unsqueeze(tensor, dim));
  }
  return cat(rows, dim);
}

std::vector<Tensor> split(const Tensor& x, std::int64_t size, int dim) {
  const Shape& shape = check_defined("split", x).shape;
  const int d = check_dim("split", shape, dim);
  if (size < 1) throw ValueError(message("split: size ", size, ": must be at least 1"));
  std::vector<Tensor> parts;
  if (shape[d] == 0) parts.push_back(narrow(x, d, 0, 0));
  for (std::int64_t start = 0; start < shape[d]; start += size)
    parts.push_back(narrow(x, d, start, std::min(size, shape[d] - start)));
  return parts;
}

Tensor Tensor::narrow(int dim, std::int64_t start, std::int64_t length) const {
  return kindling::narrow(*this, dim, start, length);
}
std::vector<Tensor> Tensor::split(std::int64_t size, int dim) const {
  return kindling::split(*this, size, dim);
}

}  // namespace kindling
