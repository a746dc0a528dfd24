// SPDX-License-Identifier: MIT
#pragma once

#include <kindling/core/makers.h>
#include <kindling/core/tensor.h>

#include <cstdint>
#include <limits>
#include <vector>

/// The ops. Each is differentiable unless it says otherwise, makes a new tensor unless it says
/// "view", and takes tensors of one dtype and device (DTypeError, DeviceError). None waits for the
/// device. Negative dimensions count from the end.
namespace kindling {

// Element-wise, with NumPy's broadcasting: shapes are aligned at their last dimensions, and a size
// of 1 repeats. ShapeError when sizes differ otherwise.
KINDLING_API Tensor operator+(const Tensor& a, const Tensor& b);
KINDLING_API Tensor operator-(const Tensor& a, const Tensor& b);
KINDLING_API Tensor operator*(const Tensor& a, const Tensor& b);
KINDLING_API Tensor operator/(const Tensor& a, const Tensor& b);
KINDLING_API Tensor operator+(const Tensor& a, double b);
KINDLING_API Tensor operator-(const Tensor& a, double b);
KINDLING_API Tensor operator*(const Tensor& a, double b);
KINDLING_API Tensor operator/(const Tensor& a, double b);
KINDLING_API Tensor operator+(double a, const Tensor& b);
KINDLING_API Tensor operator-(double a, const Tensor& b);
KINDLING_API Tensor operator*(double a, const Tensor& b);
KINDLING_API Tensor operator/(double a, const Tensor& b);
KINDLING_API Tensor operator-(const Tensor& x);
/// a to the power of b. Gradient 0 of a base whose exponent is 0, and of the exponent of a base 0.
KINDLING_API Tensor pow(const Tensor& a, const Tensor& b);
KINDLING_API Tensor pow(const Tensor& a, double b);
KINDLING_API Tensor pow(double a, const Tensor& b);
/// The larger or smaller of each pair; NaN where one is. Equal operands share the gradient.
KINDLING_API Tensor maximum(const Tensor& a, const Tensor& b);
KINDLING_API Tensor minimum(const Tensor& a, const Tensor& b);

// Comparisons: 1 where they hold and 0 elsewhere, in the operands' dtype. They have no gradient. To
// ask whether whole tensors are equal, see allclose.
KINDLING_API Tensor operator==(const Tensor& a, const Tensor& b);
KINDLING_API Tensor operator!=(const Tensor& a, const Tensor& b);
KINDLING_API Tensor operator<(const Tensor& a, const Tensor& b);
KINDLING_API Tensor operator<=(const Tensor& a, const Tensor& b);
KINDLING_API Tensor operator>(const Tensor& a, const Tensor& b);
KINDLING_API Tensor operator>=(const Tensor& a, const Tensor& b);
KINDLING_API Tensor operator==(const Tensor& a, double b);
KINDLING_API Tensor operator!=(const Tensor& a, double b);
KINDLING_API Tensor operator<(const Tensor& a, double b);
KINDLING_API Tensor operator<=(const Tensor& a, double b);
KINDLING_API Tensor operator>(const Tensor& a, double b);
KINDLING_API Tensor operator>=(const Tensor& a, double b);
KINDLING_API Tensor operator==(double a, const Tensor& b);
KINDLING_API Tensor operator!=(double a, const Tensor& b);
KINDLING_API Tensor operator<(double a, const Tensor& b);
KINDLING_API Tensor operator<=(double a, const Tensor& b);
KINDLING_API Tensor operator>(double a, const Tensor& b);
KINDLING_API Tensor operator>=(double a, const Tensor& b);

/// a where the condition is not 0, and b where it is; the three are broadcast, and no gradient or
/// NaN of what is not chosen gets through. The condition may be int64. ValueError for one that
/// requires a gradient.
KINDLING_API Tensor where(const Tensor& condition, const Tensor& a, const Tensor& b);
KINDLING_API Tensor where(const Tensor& condition, const Tensor& a, double b);
KINDLING_API Tensor where(const Tensor& condition, double a, const Tensor& b);
/// x, with `value` where the mask is not 0.
KINDLING_API Tensor masked_fill(const Tensor& x, const Tensor& mask, double value);
/// x moved into [low, high]; gradient 0 where it was moved. A NaN stays. ValueError unless low <=
/// high.
KINDLING_API Tensor clamp(const Tensor& x, double low,
                          double high = std::numeric_limits<double>::infinity());

// Element-wise functions of one tensor; their formulas stand in kernels/math/elementwise.h.
KINDLING_API Tensor exp(const Tensor& x);
KINDLING_API Tensor log(const Tensor& x);
KINDLING_API Tensor sqrt(const Tensor& x);
KINDLING_API Tensor square(const Tensor& x);
KINDLING_API Tensor abs(const Tensor& x);  // gradient 0 at 0
KINDLING_API Tensor neg(const Tensor& x);
KINDLING_API Tensor relu(const Tensor& x);       // gradient 0 at 0
KINDLING_API Tensor gelu(const Tensor& x);       // the exact form, with erf
KINDLING_API Tensor gelu_tanh(const Tensor& x);  // its approximation with tanh
KINDLING_API Tensor silu(const Tensor& x);
KINDLING_API Tensor tanh(const Tensor& x);
KINDLING_API Tensor sigmoid(const Tensor& x);
KINDLING_API Tensor softplus(const Tensor& x);  // log(1 + exp(x))
KINDLING_API Tensor sin(const Tensor& x);
KINDLING_API Tensor cos(const Tensor& x);
KINDLING_API Tensor log1p(const Tensor& x);  // log(1 + x), accurate near 0
KINDLING_API Tensor expm1(const Tensor& x);  // exp(x) - 1, accurate near 0
KINDLING_API Tensor sign(const Tensor& x);   // -1, 0 or 1; no gradient, as the next two
KINDLING_API Tensor floor(const Tensor& x);
KINDLING_API Tensor isnan(const Tensor& x);  // 1 or 0

/// Softmax, or its logarithm, along `dim`; same shape. Its sums are as accurate as sum's, at any
/// length, forward and backward.
KINDLING_API Tensor softmax(const Tensor& x, int dim);
KINDLING_API Tensor log_softmax(const Tensor& x, int dim);

/// Matrix product: [m, k] x [k, n] -> [m, n]; a 1-d a is a row and a 1-d b a column, whose
/// dimension is dropped from the result; leading dimensions are batches: equal in both, or absent
/// in b. ShapeError otherwise.
KINDLING_API Tensor matmul(const Tensor& a, const Tensor& b);

/// The same elements with the dimensions from start_dim to end_dim as one: a view. A scalar becomes
/// [1].
KINDLING_API Tensor flatten(const Tensor& x, int start_dim = 0, int end_dim = -1);
/// Without dimension `dim`, which must have size 1 (ShapeError), or without all of size 1: a view.
KINDLING_API Tensor squeeze(const Tensor& x, int dim);
KINDLING_API Tensor squeeze(const Tensor& x);
/// With a new dimension of size 1 as number `dim`: a view.
KINDLING_API Tensor unsqueeze(const Tensor& x, int dim);
/// Repeated to `shape` as broadcasting would; a -1 keeps the size.
KINDLING_API Tensor expand(const Tensor& x, const Shape& shape);
/// Dimension d of the result is dimension dims[d] of x. ShapeError unless each is named once.
KINDLING_API Tensor permute(const Tensor& x, const std::vector<int>& dims);
/// Two dimensions swapped.
KINDLING_API Tensor transpose(const Tensor& x, int dim0, int dim1);
/// The same elements in another shape, as a view; one size may be -1 and follows from the others.
KINDLING_API Tensor reshape(const Tensor& x, const Shape& shape);
/// The part [start, start + length) of dimension `dim`: a view for the first dimension, else a
/// copy.
KINDLING_API Tensor narrow(const Tensor& x, int dim, std::int64_t start, std::int64_t length);
/// Tensors one after the other along a dimension that they have, or as rows of a new one; but for
/// the size of the former their shapes are equal (ShapeError).
KINDLING_API Tensor cat(const std::vector<Tensor>& tensors, int dim = 0);
KINDLING_API Tensor stack(const std::vector<Tensor>& tensors, int dim = 0);
/// Parts of `size` along a dimension, as narrow makes them; the last may be smaller.
KINDLING_API std::vector<Tensor> split(const Tensor& x, std::int64_t size, int dim = 0);
/// The parts of dimension `dim` (or the rows) of x that `index` [m] numbers, in its order: size m
/// there. An index, whole numbers of any dtype, outside the dimension's size is a ValueError on the
/// CPU (in a captured step only when it is recorded); else, as on a GPU, which is not waited for,
/// it gives NaN, or of int64 NaN's bits, a number that is no index. The gradient of what is picked
/// k times is summed one by one in the dtype: its error may grow with k.
KINDLING_API Tensor index_select(const Tensor& x, int dim, const Tensor& index);
KINDLING_API Tensor index_select(const Tensor& x, const Tensor& rows);
/// y[.., k, ..] = x[.., index[.., k, ..], ..]: each element chosen along `dim` by a number of its
/// own; the index has x's shape but for that dimension (ShapeError). Errors and gradient are those
/// of index_select.
KINDLING_API Tensor gather(const Tensor& x, int dim, const Tensor& index);
/// The order that sorts x along `dim`, int64, smallest first or largest; equals stay in order, and
/// a NaN is larger than any number.
KINDLING_API Tensor argsort(const Tensor& x, int dim = -1, bool descending = false);
/// Values, through which gradients flow, and where they were: `auto [values, indices] = sort(x);`
struct Sorted {
  Tensor values;
  Tensor indices;
};
/// x sorted along `dim`, as argsort says.
KINDLING_API Sorted sort(const Tensor& x, int dim = -1, bool descending = false);
/// The k largest or smallest along `dim`, in that order. ValueError unless there are k.
KINDLING_API Sorted topk(const Tensor& x, std::int64_t k, int dim = -1, bool largest = true);

/// Sum or mean of all elements (a scalar), or along one dimension, which is dropped or, with
/// keepdim, kept as size 1. The mean of no elements is NaN. Whatever the number n of elements, a
/// sum in float32 is within four units in the last place of the exact one, in float64 within
/// (log2(n) + 10) / 2; where signs differ, these are units of the sum of magnitudes. The gradient
/// of an operand that was broadcast is such a sum too.
KINDLING_API Tensor sum(const Tensor& x);
KINDLING_API Tensor sum(const Tensor& x, int dim, bool keepdim = false);
KINDLING_API Tensor mean(const Tensor& x);
KINDLING_API Tensor mean(const Tensor& x, int dim, bool keepdim = false);
/// Along several dimensions, one after the other; along all where none is named.
KINDLING_API Tensor sum(const Tensor& x, const std::vector<int>& dims, bool keepdim = false);
KINDLING_API Tensor mean(const Tensor& x, const std::vector<int>& dims, bool keepdim = false);
/// Variance of all elements, or along a dimension of n, and its root: the sum of squared distances
/// from the mean over n - correction; NaN where that is 0 or less.
KINDLING_API Tensor var(const Tensor& x);
KINDLING_API Tensor var(const Tensor& x, int dim, bool keepdim = false, double correction = 1);
KINDLING_API Tensor std(const Tensor& x);
KINDLING_API Tensor std(const Tensor& x, int dim, bool keepdim = false, double correction = 1);
/// Euclidean norm: the root of the sum of squares, which may overflow. Gradient 0 where it is 0.
KINDLING_API Tensor norm(const Tensor& x);
KINDLING_API Tensor norm(const Tensor& x, int dim, bool keepdim = false);
/// log(sum(exp(x))) along a dimension, without overflow.
KINDLING_API Tensor logsumexp(const Tensor& x, int dim, bool keepdim = false);
/// The largest or smallest element, of all or along a dimension: that which argmax or argmin finds,
/// which alone gets the gradient, and with the same errors.
KINDLING_API Tensor max(const Tensor& x);
KINDLING_API Tensor max(const Tensor& x, int dim, bool keepdim = false);
KINDLING_API Tensor min(const Tensor& x);
KINDLING_API Tensor min(const Tensor& x, int dim, bool keepdim = false);
/// Index of the first largest element, int64: in the flattened tensor, or along one dimension. NaN
/// counts as largest. Not differentiable. ValueError when there is none.
KINDLING_API Tensor argmax(const Tensor& x);
KINDLING_API Tensor argmax(const Tensor& x, int dim, bool keepdim = false);

/// Of the first smallest; NaN counts as smallest.
KINDLING_API Tensor argmin(const Tensor& x);
KINDLING_API Tensor argmin(const Tensor& x, int dim, bool keepdim = false);

/// True when all |a - b| <= atol + rtol * |b|; NaN equals nothing unless equal_nan. ShapeError
/// unless the shapes are equal. Waits for the device.
KINDLING_API bool allclose(const Tensor& a, const Tensor& b, double rtol = 1e-5, double atol = 1e-8,
                           bool equal_nan = false);

}  // namespace kindling
