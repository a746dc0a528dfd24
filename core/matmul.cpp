// SPDX-License-Identifier: MIT
#include <kindling/core/autograd.h>
#include <kindling/core/checks.h>
#include <kindling/core/ops.h>

#include <array>

namespace kindling {

using namespace detail;

namespace {

// a [batch, m, k] x b [batch or shared, k, n] -> c [batch, m, n]
struct Sizes {
  std::int64_t batch = 1;
  std::int64_t m = 1;
  std::int64_t n = 1;
  std::int64_t k = 1;
  Shape result;
};

[[noreturn]] void throw_misfit(const Shape& a, const Shape& b, const char* expected) {
  throw ShapeError(message("matmul: ", a, " does not fit ", b, ": expected ", expected));
}

Sizes sizes_of(const Shape& a, const Shape& b) {
  if (a.rank() == 0 || b.rank() == 0) throw_misfit(a, b, "at least one dimension each");
  Sizes s;
  const bool row = a.rank() == 1;
  const bool column = b.rank() == 1;
  s.k = a[a.rank() - 1];
  s.m = row ? 1 : a[a.rank() - 2];
  s.n = column ? 1 : b[b.rank() - 1];
  if (s.k != (column ? b[0] : b[b.rank() - 2])) {
    throw_misfit(a, b, "the last dimension of the first and the last but one of the second equal");
  }
  std::array<std::int64_t, kMaxRank> result{};
  std::size_t rank = 0;
  for (int d = 0; d < a.rank() - 2; ++d) {
    s.batch *= a[d];
    result[rank++] = a[d];
  }
  if (b.rank() > 2) {
    if (a.rank() != b.rank()) throw_misfit(a, b, "the same leading dimensions, or a 2-d second");
    for (int d = 0; d < b.rank() - 2; ++d) {
      if (a[d] != b[d]) throw_misfit(a, b, "the same leading dimensions, or a 2-d second");
    }
  } else {
    // One b for all: the batches of a are just more rows.
    s.m *= s.batch;
    s.batch = 1;
  }
  if (!row) result[rank++] = a[a.rank() - 2];
  if (!column) result[rank++] = s.n;
  s.result = Shape(std::span<const std::int64_t>(result.data(), rank));
  return s;
}

kernels::Product product(const Sizes& s, View a, View b, View c) {
  return {.a = a,
          .b = b,
          .c = c,
          .m = s.m,
          .n = s.n,
          .k = s.k,
          .batch = s.batch,
          .stride_a = s.m * s.k,
          .stride_b = s.k * s.n,
          .stride_c = s.m * s.n};
}

}  // namespace

Tensor matmul(const Tensor& a, const Tensor& b) {
  check_floating("matmul", a);
  check_same("matmul", a, b);
  const Sizes s = sizes_of(a.impl()->shape, b.impl()->shape);
  const Tensor c = make_tensor("matmul", s.result, a);
  issue(backend_of(a), product(s, view(a), view(b), view(c)));
  if (!is_tracked(a, b)) return c;

  track("matmul", c, {&a, &b},
        [saved_a = b.impl()->requires_grad ? Saved(a) : Saved(),
         saved_b = a.impl()->requires_grad ? Saved(b) : Saved(), s](const Gradients& g) {
          kernels::Backend& backend = backend_of(g.output());
          if (g.needs(0)) {
            // grad_a [m, k] = grad_c [m, n] b^T
            const View b_view = g.view(saved_b);
            const View mask = s.batch == 1 ? g.mask(0) : View{};
            const GradientTarget grad = g.target(0, mask.data != nullptr);
            const Sizes back{s.batch, s.m, s.k, s.n, {}};
            kernels::Product call = product(back, g.output_view(), b_view, grad.view);
            call.transpose_b = true;
            call.accumulate = grad.accumulate;
            call.mask = mask;
            if (mask.data != nullptr) call.relu_bits = g.relu_bits(0);
            issue(backend, call);
          }
          if (g.needs(1)) {
            // grad_b [k, n] = a^T grad_c [m, n]
            const View a_view = g.view(saved_a);
            const View mask = s.batch == 1 ? g.mask(1) : View{};
            const GradientTarget grad = g.target(1, mask.data != nullptr);
            const Sizes back{s.batch, s.k, s.n, s.m, {}};
            kernels::Product call = product(back, a_view, g.output_view(), grad.view);
            call.transpose_a = true;
            call.accumulate = grad.accumulate;
            call.mask = mask;
            if (mask.data != nullptr) call.relu_bits = g.relu_bits(1);
            issue(backend, call);
          }
        });
  return c;
}

Tensor Tensor::matmul(const Tensor& other) const { return kindling::matmul(*this, other); }

}  // namespace kindling
