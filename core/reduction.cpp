// SPDX-License-Identifier: MIT
#include <kindling/core/autograd.h>
#include <kindling/core/checks.h>
#include <kindling/core/ops.h>
#include <kindling/core/strided.h>

namespace kindling {

using namespace detail;

namespace {

// x seen around the dimension that is reduced, and the shape that is left.
struct Reduction : Around {
  Shape result;
};

Reduction reduce_all(const char* op, const Tensor& x) {
  return {{1, check_defined(op, x).numel, 1}, Shape()};
}

Reduction reduce_along(const char* op, const Tensor& x, int dim, bool keepdim) {
  const Shape& shape = check_defined(op, x).shape;
  const int reduced = check_dim(op, shape, dim);
  std::array<std::int64_t, kMaxRank> left{};
  std::size_t rank = 0;
  for (int d = 0; d < shape.rank(); ++d)
    if (d != reduced || keepdim) left[rank++] = d == reduced ? 1 : shape[d];
  return {around(shape, reduced), Shape(std::span<const std::int64_t>(left.data(), rank))};
}

Tensor scaled_sum(const char* name, const Tensor& x, const Reduction& r, double scale) {
  check_floating(name, x);
  const Tensor y = make_tensor(name, r.result, x);
  issue(backend_of(x), kernels::Sum{view(x), view(y), r.outer, r.count, r.inner, scale});
  if (!is_tracked(x)) return y;
  track(name, y, {&x},
        [outer = r.outer, count = r.count, inner = r.inner, scale](const Gradients& g) {
          const GradientTarget grad = g.target(0);
          issue(backend_of(g.output()), kernels::Expand{g.output_view(), grad.view, outer, count,
                                                        inner, scale, grad.accumulate});
        });
  return y;
}

Tensor largest(const Tensor& x, const Reduction& r) {
  if (r.count == 0) {
    throw ValueError(message("argmax: ", x.shape(), " has no element to choose from"));
  }
  check_floating("argmax", x);
  const Tensor y = make_tensor("argmax", r.result, DType::int64, x.device());
  issue(backend_of(x), kernels::Argmax{view(x), view(y), r.outer, r.count, r.inner});
  return y;
}

Tensor softmax(const char* name, const Tensor& x, int dim, bool log) {
  const Reduction r = reduce_along(name, x, dim, true);
  check_floating(name, x);
  if (r.inner != 1) {
    // Along another dimension than the last: rows are made of its columns, and columns again.
    const Tensor rows = transpose(reshape(x, {r.outer, r.count, r.inner}), 1, 2);
    return reshape(transpose(softmax(name, rows, 2, log), 1, 2), x.shape());
  }
  const Tensor y = make_like(x);
  issue(backend_of(x), kernels::Softmax{view(x), view(y), r.count, log});
  if (!is_tracked(x)) return y;
  track(name, y, {&x}, [saved = Saved(y), row_size = r.count, log](const Gradients& g) {
    const View y_view = g.view(saved);
    const GradientTarget grad = g.target(0);
    issue(backend_of(g.output()), kernels::SoftmaxBackward{y_view, g.output_view(), grad.view,
                                                           row_size, log, grad.accumulate});
  });
  return y;
}

}  // namespace

Tensor sum(const Tensor& x) { return scaled_sum("sum", x, reduce_all("sum", x), 1); }
Tensor sum(const Tensor& x, int dim, bool keepdim) {
  return scaled_sum("sum", x, reduce_along("sum", x, dim, keepdim), 1);
}
Tensor mean(const Tensor& x) {
  const Reduction r = reduce_all("mean", x);
  return scaled_sum("mean", x, r, 1.0 / static_cast<double>(r.count));
}
Tensor mean(const Tensor& x, int dim, bool keepdim) {
  const Reduction r = reduce_along("mean", x, dim, keepdim);
  return scaled_sum("mean", x, r, 1.0 / static_cast<double>(r.count));
}
namespace {

// `reduce` along one dimension after the other, of which some are kept until the end.
template <class Reduce>
Tensor along_each(const char* op, const Tensor& x, const std::vector<int>& dims, bool keepdim,
                  const Reduce& reduce) {
  const Shape& shape = check_defined(op, x).shape;
  std::array<bool, kMaxRank> reduced{};
  for (const int dim : dims) {
    bool& chosen = reduced[static_cast<std::size_t>(check_dim(op, shape, dim))];
    if (chosen) throw ShapeError(message(op, ": dimension ", dim, " is named twice"));
    chosen = true;
  }
  Tensor y = x;
  for (int d = x.dim() - 1; d >= 0; --d)
    if (dims.empty() || reduced[static_cast<std::size_t>(d)]) y = reduce(y, d, keepdim);
  return y;
}

}  // namespace

Tensor sum(const Tensor& x, const std::vector<int>& dims, bool keepdim) {
  return along_each("sum", x, dims, keepdim,
                    [](const Tensor& y, int d, bool keep) { return sum(y, d, keep); });
}
Tensor mean(const Tensor& x, const std::vector<int>& dims, bool keepdim) {
  return along_each("mean", x, dims, keepdim,
                    [](const Tensor& y, int d, bool keep) { return mean(y, d, keep); });
}
Tensor argmax(const Tensor& x) { return largest(x, reduce_all("argmax", x)); }
Tensor argmax(const Tensor& x, int dim, bool keepdim) {
  return largest(x, reduce_along("argmax", x, dim, keepdim));
}
Tensor softmax(const Tensor& x, int dim) { return softmax("softmax", x, dim, false); }
Tensor log_softmax(const Tensor& x, int dim) { return softmax("log_softmax", x, dim, true); }

Tensor Tensor::sum() const { return kindling::sum(*this); }
Tensor Tensor::sum(int dim, bool keepdim) const { return kindling::sum(*this, dim, keepdim); }
Tensor Tensor::mean() const { return kindling::mean(*this); }
Tensor Tensor::mean(int dim, bool keepdim) const { return kindling::mean(*this, dim, keepdim); }
Tensor Tensor::sum(const std::vector<int>& dims, bool keepdim) const {
  return kindling::sum(*this, dims, keepdim);
}
Tensor Tensor::mean(const std::vector<int>& dims, bool keepdim) const {
  return kindling::mean(*this, dims, keepdim);
}
Tensor Tensor::argmax() const { return kindling::argmax(*this); }
Tensor Tensor::argmax(int dim, bool keepdim) const { return kindling::argmax(*this, dim, keepdim); }
Tensor Tensor::softmax(int dim) const { return kindling::softmax(*this, dim); }
Tensor Tensor::log_softmax(int dim) const { return kindling::log_softmax(*this, dim); }

}  // namespace kindling
