// SPDX-License-Identifier: MIT
// What is chosen by numbers of elements, and the numbers that sort them.
#include <kindling/core/autograd.h>
#include <kindling/core/checks.h>
#include <kindling/core/indexing.h>
#include <kindling/core/ops.h>
#include <kindling/core/strided.h>

namespace kindling {

using namespace detail;

namespace {

// What an index chooses of x [outer, count, inner]; see kernels::Gather.
Tensor picked(const char* name, const Tensor& x, const Tensor& index, int dim, const Shape& shape,
              bool each) {
  const Around a = around(x.shape(), dim);
  const Tensor y = make_tensor(name, shape, x);
  issue(backend_of(x),
        kernels::Gather{view(x), view(index), view(y), a.outer, a.count, a.inner, each});
  if (!is_tracked(x)) return y;
  track(name, y, {&x}, [saved = Saved(index), a, each](const Gradients& g) {
    const View index_view = g.view(saved);
    const GradientTarget grad = g.target(0);
    issue(backend_of(g.output()),
          kernels::GatherBackward{index_view, g.output_view(), grad.view, a.outer, a.count, a.inner,
                                  each, grad.accumulate});
  });
  return y;
}

}  // namespace

Tensor detail::index_select_checked(const Tensor& x, int d, const Tensor& index) {
  Shape to = x.shape();
  to[d] = index.numel();
  return picked("index_select", x, index, d, to, false);
}
Tensor detail::gather_checked(const Tensor& x, int d, const Tensor& index) {
  return picked("gather", x, index, d, index.shape(), true);
}

Tensor index_select(const Tensor& x, int dim, const Tensor& index) {
  const Shape& from = check_defined("index_select", x).shape;
  const Shape& numbers = check_defined("index_select", index).shape;
  check_untracked("index_select", "index", index);
  const int d = check_dim("index_select", from, dim);
  if (numbers.rank() != 1) {
    throw ShapeError(message("index_select: index ", numbers, ": must have one dimension"));
  }
  check_same_device("index_select", x, index);
  check_whole_numbers("index_select", "index", index, from[d]);
  return index_select_checked(x, d, index);
}
Tensor index_select(const Tensor& x, const Tensor& rows) { return index_select(x, 0, rows); }

Tensor gather(const Tensor& x, int dim, const Tensor& index) {
  const Shape& from = check_defined("gather", x).shape;
  const Shape& to = check_defined("gather", index).shape;
  check_untracked("gather", "index", index);
  const int d = check_dim("gather", from, dim);
  Shape expected = from;
  if (to.rank() == from.rank()) expected[d] = to[d];
  if (to != expected) {
    throw ShapeError(message("gather: index ", to, " does not fit ", from,
                             ": they may differ in dimension ", d, " only"));
  }
  check_same_device("gather", x, index);
  check_whole_numbers("gather", "index", index, from[d]);
  return gather_checked(x, d, index);
}

namespace {

Tensor order_of(const char* name, const Tensor& x, int dim, bool descending) {
  const Shape& shape = check_defined(name, x).shape;
  const int d = check_dim(name, shape, dim);
  if (d != shape.rank() - 1) {
    const Tensor rows = transpose(x.detach(), d, -1);
    return transpose(order_of(name, rows, -1, descending), d, -1);
  }
  const Tensor y = make_tensor(name, shape, DType::int64, x.device());
  const Tensor buffer = x.device().is_cpu() ? Tensor() : make_like(y);
  issue(backend_of(x), kernels::Sort{view(x), view(y), view(buffer), shape[d], descending});
  return y;
}

}  // namespace

Tensor argsort(const Tensor& x, int dim, bool descending) {
  return order_of("argsort", x, dim, descending);
}

Sorted sort(const Tensor& x, int dim, bool descending) {
  const Tensor order = order_of("sort", x, dim, descending);
  return {gather_checked(x, check_dim("sort", x.shape(), dim), order), order};
}

Sorted topk(const Tensor& x, std::int64_t k, int dim, bool largest) {
  const Shape& shape = check_defined("topk", x).shape;
  const int d = check_dim("topk", shape, dim);
  if (k < 0 || k > shape[d]) {
    throw ValueError(message("topk: k ", k, ": dimension ", d, " of ", shape, " has ", shape[d]));
  }
  const Tensor order = narrow(order_of("topk", x, d, largest), d, 0, k);
  return {gather_checked(x, d, order), order};
}

Tensor Tensor::index_select(const Tensor& rows) const {
  return kindling::index_select(*this, rows);
}
Tensor Tensor::index_select(int dim, const Tensor& index) const {
  return kindling::index_select(*this, dim, index);
}
Tensor Tensor::gather(int dim, const Tensor& index) const {
  return kindling::gather(*this, dim, index);
}
Tensor Tensor::argsort(int dim, bool descending) const {
  return kindling::argsort(*this, dim, descending);
}

}  // namespace kindling
