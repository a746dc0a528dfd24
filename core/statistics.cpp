// SPDX-License-Identifier: MIT
// Reductions that are made of other ops, and get their gradients from them.
#include <kindling/core/checks.h>
#include <kindling/core/indexing.h>
#include <kindling/core/no_grad.h>
#include <kindling/core/ops.h>

#include <cmath>
#include <limits>

namespace kindling {

using namespace detail;

namespace {

Tensor flat(const char* op, const Tensor& x) { return reshape(x, {check_defined(op, x).numel}); }

// What argmax would say in its own name.
int check_choice(const char* op, const Tensor& x, int dim) {
  check_floating(op, x);
  const int d = check_dim(op, x.shape(), dim);
  if (x.size(d) == 0)
    throw ValueError(message(op, ": ", x.shape(), " has no element to choose from"));
  return d;
}

Tensor without(const Tensor& x, int dim, bool keepdim) { return keepdim ? x : squeeze(x, dim); }

}  // namespace

Tensor argmin(const Tensor& x) { return argmin(flat("argmin", x), 0); }
Tensor argmin(const Tensor& x, int dim, bool keepdim) {
  check_choice("argmin", x, dim);
  return argmax(neg(x.detach()), dim, keepdim);
}
Tensor max(const Tensor& x) { return max(flat("max", x), 0); }
Tensor max(const Tensor& x, int dim, bool keepdim) {
  const int d = check_choice("max", x, dim);
  return without(gather_checked(x, d, argmax(x, d, true)), d, keepdim);
}
Tensor min(const Tensor& x) { return min(flat("min", x), 0); }
Tensor min(const Tensor& x, int dim, bool keepdim) {
  const int d = check_choice("min", x, dim);
  return without(gather_checked(x, d, argmin(x, d, true)), d, keepdim);
}

Tensor var(const Tensor& x) { return var(flat("var", x), 0); }
Tensor var(const Tensor& x, int dim, bool keepdim, double correction) {
  check_floating("var", x);
  const int d = check_dim("var", x.shape(), dim);
  const double freedom = std::fmax(static_cast<double>(x.size(d)) - correction, 0);
  return sum(square(x - mean(x, d, true)), d, keepdim) / freedom;
}
Tensor std(const Tensor& x) { return sqrt(var(x)); }
Tensor std(const Tensor& x, int dim, bool keepdim, double correction) {
  return sqrt(var(x, dim, keepdim, correction));
}

Tensor norm(const Tensor& x) { return norm(flat("norm", x), 0); }
Tensor norm(const Tensor& x, int dim, bool keepdim) {
  check_floating("norm", x);
  const Tensor squares = sum(square(x), dim, keepdim);
  // sqrt has no slope at 0; 0 is moved to 1 and back, where the gradient of the squares is 0.
  const Tensor zero = squares == 0;
  return sqrt(squares + zero) - zero;
}

Tensor logsumexp(const Tensor& x, int dim, bool keepdim) {
  check_choice("logsumexp", x, dim);
  Tensor largest;
  {
    const NoGradGuard no_grad;
    largest = max(x, dim, true);
    largest = where(abs(largest) == std::numeric_limits<double>::infinity(), 0, largest);
  }
  const Tensor sums = log(sum(exp(x - largest), dim, true)) + largest;
  return without(sums, dim, keepdim);
}

Tensor Tensor::argmin() const { return kindling::argmin(*this); }
Tensor Tensor::argmin(int dim, bool keepdim) const { return kindling::argmin(*this, dim, keepdim); }
Tensor Tensor::max() const { return kindling::max(*this); }
Tensor Tensor::max(int dim, bool keepdim) const { return kindling::max(*this, dim, keepdim); }
Tensor Tensor::min() const { return kindling::min(*this); }
Tensor Tensor::min(int dim, bool keepdim) const { return kindling::min(*this, dim, keepdim); }
Tensor Tensor::var() const { return kindling::var(*this); }
Tensor Tensor::var(int dim, bool keepdim, double correction) const {
  return kindling::var(*this, dim, keepdim, correction);
}
Tensor Tensor::std() const { return kindling::std(*this); }
Tensor Tensor::std(int dim, bool keepdim, double correction) const {
  return kindling::std(*this, dim, keepdim, correction);
}
Tensor Tensor::norm() const { return kindling::norm(*this); }
Tensor Tensor::norm(int dim, bool keepdim) const { return kindling::norm(*this, dim, keepdim); }
Tensor Tensor::logsumexp(int dim, bool keepdim) const {
  return kindling::logsumexp(*this, dim, keepdim);
}

}  // namespace kindling
