// SPDX-License-Identifier: MIT
#pragma once

#include <kindling/core/api.h>
#include <kindling/core/default_device.h>
#include <kindling/core/device.h>
#include <kindling/core/dtype.h>
#include <kindling/core/shape.h>
#include <kindling/core/tensor_impl.h>

#include <cstdint>
#include <iosfwd>
#include <limits>
#include <span>
#include <type_traits>
#include <vector>

namespace kindling {

/// How a maker builds its tensor.
struct TensorOptions {
  DType dtype = DType::float32;
  Device device = default_device();
  bool requires_grad = false;
};

/// A handle on an n-dimensional array of one DType, always contiguous and row-major.
/// Copies share the array, its gradient and its place in the graph; const is shallow, as for
/// shared_ptr. A default-constructed or moved-from Tensor is undefined: any use of it but defined()
/// is an Error that names the op. Kernels are queued on the tensor's device; only functions that
/// return host values wait for them (said below).
class KINDLING_API Tensor {
 public:
  Tensor() noexcept = default;
  Tensor(const Tensor&) noexcept = default;
  Tensor(Tensor&&) noexcept = default;
  ~Tensor() = default;
  /// Makes a variable name another tensor. `x[i] = y` does not compile, since it would change
  /// nothing: write x[i].copy_(y).
  Tensor& operator=(const Tensor&) & noexcept = default;
  Tensor& operator=(Tensor&&) & noexcept = default;

  bool defined() const noexcept { return static_cast<bool>(impl_); }
  const Shape& shape() const;
  /// Size of dimension d; a negative d counts from the end. ShapeError out of range.
  std::int64_t size(int d) const;
  /// Number of dimensions, 0 for a scalar.
  int dim() const;
  std::int64_t numel() const;
  DType dtype() const;
  Device device() const;

  /// A copy on another device or in another dtype; *this where it fits already. Differentiable. To
  /// int64 fractions are dropped, and what it does not hold becomes its lowest number.
  Tensor to(Device device) const;
  Tensor to(DType dtype) const;

  /// The value of a tensor of one element. ShapeError otherwise. Waits for the device.
  double item() const;
  /// All elements, row-major, converted to T: float, double or std::int64_t, which drops fractions.
  /// Waits for the device.
  template <Element T>
  std::vector<T> to_vector() const;
  /// The elements themselves; T must be the dtype's type (DTypeError) and the device the CPU
  /// (DeviceError).
  template <class T>
  requires Element<std::remove_const_t<T>> T* data() const;

  /// The gradient that backward() left, a view that the optimizer's arena owns: clone() to keep it.
  /// Undefined until a backward reaches this tensor, and again after zero_grad().
  Tensor grad() const;
  bool requires_grad() const;
  /// Asks for (or drops) a gradient of this leaf; ValueError for the result of a tracked op.
  const Tensor& set_requires_grad(bool requires_grad) const;
  /// Adds d(this)/d(leaf) to the grad() of every leaf it was computed from, and frees the graph.
  /// `gradient` weighs the elements of this tensor and may be left out for a scalar. A second
  /// backward through one graph is an Error. When it throws, the grad() of each leaf is as it was
  /// before, or undefined where a part had been added. Threads may call it at once, each for a
  /// graph of its own, and share leaves: every part arrives, in any order, on which the last bits
  /// of a sum of more than two may depend.
  void backward(const Tensor& gradient = {}) const;
  /// The same array, cut off from the graph.
  Tensor detach() const;
  /// A copy of the array. Differentiable.
  Tensor clone() const;

  /// In-place changes: refused (ValueError) while gradients are tracked through this tensor; see
  /// NoGradGuard.
  const Tensor& copy_(const Tensor& source) const;  // same shape; converts device and dtype
  const Tensor& copy_(std::span<const float> source) const;
  const Tensor& copy_(std::span<const double> source) const;
  const Tensor& copy_(std::span<const std::int64_t> source) const;
  const Tensor& fill_(double value) const;
  const Tensor& zero_() const;
  const Tensor& operator+=(const Tensor& other) const;
  const Tensor& operator-=(const Tensor& other) const;
  const Tensor& operator*=(const Tensor& other) const;
  const Tensor& operator/=(const Tensor& other) const;
  const Tensor& operator+=(double other) const;
  const Tensor& operator-=(double other) const;
  const Tensor& operator*=(double other) const;
  const Tensor& operator/=(double other) const;

  /// Row i as a view without the first dimension; a negative i counts from the end. ShapeError out
  /// of range.
  Tensor operator[](std::int64_t i) const;

  // Every op is also a free function; see core/ops.h for what each does.
  Tensor matmul(const Tensor& other) const;
  Tensor transpose(int dim0, int dim1) const;
  Tensor reshape(const Shape& shape) const;
  Tensor narrow(int dim, std::int64_t start, std::int64_t length) const;
  Tensor flatten(int start_dim = 0, int end_dim = -1) const;
  Tensor squeeze(int dim) const;
  Tensor squeeze() const;
  Tensor unsqueeze(int dim) const;
  Tensor expand(const Shape& shape) const;
  Tensor permute(const std::vector<int>& dims) const;
  std::vector<Tensor> split(std::int64_t size, int dim = 0) const;
  Tensor index_select(const Tensor& rows) const;
  Tensor index_select(int dim, const Tensor& index) const;
  Tensor gather(int dim, const Tensor& index) const;
  Tensor argsort(int dim = -1, bool descending = false) const;
  Tensor masked_fill(const Tensor& mask, double value) const;
  Tensor clamp(double low, double high = std::numeric_limits<double>::infinity()) const;
  Tensor pow(const Tensor& exponent) const;
  Tensor pow(double exponent) const;
  Tensor sum() const;
  Tensor sum(int dim, bool keepdim = false) const;
  Tensor mean() const;
  Tensor mean(int dim, bool keepdim = false) const;
  Tensor sum(const std::vector<int>& dims, bool keepdim = false) const;
  Tensor mean(const std::vector<int>& dims, bool keepdim = false) const;
  Tensor var() const;
  Tensor var(int dim, bool keepdim = false, double correction = 1) const;
  Tensor std() const;
  Tensor std(int dim, bool keepdim = false, double correction = 1) const;
  Tensor norm() const;
  Tensor norm(int dim, bool keepdim = false) const;
  Tensor logsumexp(int dim, bool keepdim = false) const;
  Tensor max() const;
  Tensor max(int dim, bool keepdim = false) const;
  Tensor min() const;
  Tensor min(int dim, bool keepdim = false) const;
  Tensor argmin() const;
  Tensor argmin(int dim, bool keepdim = false) const;
  Tensor argmax() const;
  Tensor argmax(int dim, bool keepdim = false) const;
  Tensor exp() const;
  Tensor log() const;
  Tensor sqrt() const;
  Tensor square() const;
  Tensor abs() const;
  Tensor neg() const;
  Tensor relu() const;
  Tensor gelu() const;
  Tensor gelu_tanh() const;
  Tensor silu() const;
  Tensor tanh() const;
  Tensor sigmoid() const;
  Tensor softplus() const;
  Tensor sin() const;
  Tensor cos() const;
  Tensor log1p() const;
  Tensor expm1() const;
  Tensor sign() const;
  Tensor floor() const;
  Tensor isnan() const;
  Tensor softmax(int dim) const;
  Tensor log_softmax(int dim) const;

  explicit Tensor(detail::Intrusive<detail::TensorImpl> impl) noexcept : impl_(std::move(impl)) {}
  detail::TensorImpl* impl() const noexcept { return impl_.get(); }

 private:
  detail::Intrusive<detail::TensorImpl> impl_;
};

extern template KINDLING_API std::vector<float> Tensor::to_vector<float>() const;
extern template KINDLING_API std::vector<double> Tensor::to_vector<double>() const;
extern template KINDLING_API std::vector<std::int64_t> Tensor::to_vector<std::int64_t>() const;
extern template KINDLING_API float* Tensor::data<float>() const;
extern template KINDLING_API double* Tensor::data<double>() const;
extern template KINDLING_API const float* Tensor::data<const float>() const;
extern template KINDLING_API const double* Tensor::data<const double>() const;
extern template KINDLING_API std::int64_t* Tensor::data<std::int64_t>() const;
extern template KINDLING_API const std::int64_t* Tensor::data<const std::int64_t>() const;

/// Prints values, shape, dtype and device; more than 1000 elements are abridged. Waits for the
/// device.
KINDLING_API std::ostream& operator<<(std::ostream& out, const Tensor& tensor);

}  // namespace kindling
