// SPDX-License-Identifier: MIT
#pragma once

#include <kindling/core/makers.h>
#include <kindling/core/tensor.h>

#include <cstdint>

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

/// Softmax, or its logarithm, along `dim`; same shape. Its sums are as accurate as sum's, at any
/// length, forward and backward.
KINDLING_API Tensor softmax(const Tensor& x, int dim);
KINDLING_API Tensor log_softmax(const Tensor& x, int dim);

/// Matrix product: [m, k] x [k, n] -> [m, n]; a 1-d a is a row and a 1-d b a column, whose
/// dimension is dropped from the result; leading dimensions are batches: equal in both, or absent
/// in b. ShapeError otherwise.
KINDLING_API Tensor matmul(const Tensor& a, const Tensor& b);

/// Two dimensions swapped.
KINDLING_API Tensor transpose(const Tensor& x, int dim0, int dim1);
/// The same elements in another shape, as a view; one size may be -1 and follows from the others.
KINDLING_API Tensor reshape(const Tensor& x, const Shape& shape);
/// The part [start, start + length) of dimension `dim`: a view for the first dimension, else a
/// copy.
KINDLING_API Tensor narrow(const Tensor& x, int dim, std::int64_t start, std::int64_t length);
/// Rows of x [n, ...] in the order of `rows` [m], whole numbers in x's dtype or any other: [m,
/// ...]. A row outside [0, n) is a ValueError on the CPU (in a captured step only when it is
/// recorded) and gives NaN on a GPU, which is not waited for. The gradient of a row that is picked
/// k times is summed one by one in the dtype: its error may grow with k.
KINDLING_API Tensor index_select(const Tensor& x, const Tensor& rows);

/// Sum or mean of all elements (a scalar), or along one dimension, which is dropped or, with
/// keepdim, kept as size 1. The mean of no elements is NaN. Whatever the number n of elements, a
/// sum in float32 is within four units in the last place of the exact one, in float64 within
/// (log2(n) + 10) / 2; where signs differ, these are units of the sum of magnitudes. The gradient
/// of an operand that was broadcast is such a sum too.
KINDLING_API Tensor sum(const Tensor& x);
KINDLING_API Tensor sum(const Tensor& x, int dim, bool keepdim = false);
KINDLING_API Tensor mean(const Tensor& x);
KINDLING_API Tensor mean(const Tensor& x, int dim, bool keepdim = false);
/// Index of the first largest element, as a whole number in x's dtype: in the flattened tensor, or
/// along one dimension. NaN counts as largest. Not differentiable. ValueError when there is none.
KINDLING_API Tensor argmax(const Tensor& x);
KINDLING_API Tensor argmax(const Tensor& x, int dim, bool keepdim = false);

/// True when all |a - b| <= atol + rtol * |b|; NaN equals nothing unless equal_nan. ShapeError
/// unless the shapes are equal. Waits for the device.
KINDLING_API bool allclose(const Tensor& a, const Tensor& b, double rtol = 1e-5, double atol = 1e-8,
                           bool equal_nan = false);

}  // namespace kindling
