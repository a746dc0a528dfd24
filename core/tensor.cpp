// SPDX-License-Identifier: MIT
#include <kindling/core/autograd.h>
#include <kindling/core/broadcast.h>
#include <kindling/core/checks.h>
#include <kindling/core/elementwise.h>
#include <kindling/core/makers.h>
#include <kindling/core/ops.h>
#include <kindling/core/tensor.h>

#include <new>

namespace kindling {

namespace detail {

TensorImpl::TensorImpl() noexcept = default;
TensorImpl::~TensorImpl() = default;

Intrusive<TensorImpl> TensorImpl::make(Intrusive<Storage> storage, std::int64_t offset,
                                       const Shape& shape, std::int64_t numel) {
  Intrusive<TensorImpl> impl(new (pool_allocate(sizeof(TensorImpl))) TensorImpl());
  impl->storage = std::move(storage);
  impl->offset = offset;
  impl->shape = shape;
  impl->numel = numel;
  if (recorder != nullptr) [[unlikely]]
    recorder->made(*impl);
  return impl;
}

void TensorImpl::destroy(TensorImpl* impl) noexcept {
  impl->~TensorImpl();
  pool_deallocate(impl, sizeof(TensorImpl));
}

}  // namespace detail

using detail::check_defined;
using detail::check_in_place;

const Shape& Tensor::shape() const { return check_defined("shape", *this).shape; }
std::int64_t Tensor::size(int d) const {
  const Shape& sizes = check_defined("size", *this).shape;
  return sizes[detail::check_dim("size", sizes, d)];
}
int Tensor::dim() const { return check_defined("dim", *this).shape.rank(); }
std::int64_t Tensor::numel() const { return check_defined("numel", *this).numel; }
DType Tensor::dtype() const { return check_defined("dtype", *this).storage->dtype; }
Device Tensor::device() const { return check_defined("device", *this).storage->device; }

double Tensor::item() const {
  const detail::TensorImpl& impl = check_defined("item", *this);
  if (impl.numel != 1) {
    throw ShapeError(message("item: a tensor of shape ", impl.shape,
                             " has not exactly one element: use to_vector() or index it"));
  }
  double value = 0;
  detail::copy_to_host("item", detail::view(*this), impl.storage->device,
                       {&value, 1, DType::float64});
  return value;
}

template <Element T>
std::vector<T> Tensor::to_vector() const {
  const detail::TensorImpl& impl = check_defined("to_vector", *this);
  std::vector<T> values(static_cast<std::size_t>(impl.numel));
  detail::copy_to_host("to_vector", detail::view(*this), impl.storage->device,
                       {values.data(), impl.numel, dtype_of<T>});
  return values;
}
template std::vector<float> Tensor::to_vector<float>() const;
template std::vector<double> Tensor::to_vector<double>() const;
template std::vector<std::int64_t> Tensor::to_vector<std::int64_t>() const;

template <class T>
requires Element<std::remove_const_t<T>> T* Tensor::data() const {
  const detail::TensorImpl& impl = check_defined("data", *this);
  detail::check_not_reading_in_capture("data");
  const detail::Storage& storage = *impl.storage;
  constexpr DType wanted = dtype_of<std::remove_const_t<T>>;
  if (storage.dtype != wanted) {
    throw DTypeError(message("data: the tensor holds ", storage.dtype, ", not ", wanted,
                             ": use to(", wanted, ") or the other type"));
  }
  if (!storage.device.is_cpu()) {
    throw DeviceError(message("data: the tensor is on ", storage.device,
                              ": use to(Device::cpu()) or to_vector()"));
  }
  return static_cast<T*>(detail::view(*this).data);
}
template float* Tensor::data<float>() const;
template double* Tensor::data<double>() const;
template const float* Tensor::data<const float>() const;
template const double* Tensor::data<const double>() const;
template std::int64_t* Tensor::data<std::int64_t>() const;
template const std::int64_t* Tensor::data<const std::int64_t>() const;

Tensor Tensor::grad() const {
  const detail::TensorImpl& impl = check_defined("grad", *this);
  return detail::gradient_defined(*impl_) ? Tensor(impl.grad) : Tensor();
}

bool Tensor::requires_grad() const { return check_defined("requires_grad", *this).requires_grad; }

const Tensor& Tensor::set_requires_grad(bool requires_grad) const {
  detail::TensorImpl& impl = check_defined("set_requires_grad", *this);
  if (impl.producer && !requires_grad) {
    throw ValueError("set_requires_grad: the tensor is the result of a tracked op: use detach()");
  }
  if (requires_grad) detail::check_may_require_grad("set_requires_grad", impl.storage->dtype);
  impl.requires_grad = requires_grad;
  return *this;
}

void Tensor::backward(const Tensor& gradient) const { detail::backward(*this, gradient); }

Tensor Tensor::detach() const {
  const detail::TensorImpl& impl = check_defined("detach", *this);
  return Tensor(detail::TensorImpl::make(impl.storage, impl.offset, impl.shape));
}

namespace {

bool overlap(const View& a, const View& b) {
  const auto end = [](const View& view) {
    return static_cast<const char*>(view.data) + view.numel * size_of(view.dtype);
  };
  return end(a) > b.data && end(b) > a.data;
}

template <class T>
const Tensor& copy_span(const Tensor& target, std::span<const T> source) {
  check_in_place("copy_", target);
  if (static_cast<std::int64_t>(source.size()) != target.numel()) {
    throw ShapeError(message("copy_: ", source.size(), " values do not fill a tensor of shape ",
                             target.shape()));
  }
  // The source is only read; a View has no const form.
  View host{const_cast<T*>(source.data()), target.numel(), dtype_of<T>};
  std::vector<T> kept;
  if (target.device().is_cpu() && overlap(host, detail::view(target))) {
    kept.assign(source.begin(), source.end());
    host.data = kept.data();
  }
  detail::copy_from_host("copy_", host, detail::changed_view(target), target.device());
  return target;
}

void check_untracked(const char* op, const Tensor& other) {
  if (!detail::is_tracked(other)) return;
  throw ValueError(message(op, ": the other tensor requires a gradient, which an in-place change ",
                           "does not track: use the op that returns a new tensor, or detach()"));
}

// `source`, or a copy of it where writing to `target` would change what is still to be read.
Tensor unaffected(const Tensor& source, const Tensor& target) {
  const View read = detail::view(source);
  const View written = detail::view(target);
  if (read.data == written.data && source.shape() == target.shape()) return source;
  return overlap(read, written) ? source.detach().clone() : source;
}

const Tensor& fill(const char* op, const Tensor& target, double value) {
  check_in_place(op, target);
  detail::check_holds(op, target.dtype(), value);
  detail::issue(detail::backend_of(target.device()),
                kernels::Fill{detail::changed_view(target), value});
  return target;
}

// target op= other, where other may be broadcast to target but not the other way round.
const Tensor& change(const char* op, kernels::BinaryOp code, const Tensor& target,
                     const Tensor& other) {
  check_in_place(op, target);
  detail::check_same(op, target, other);
  detail::check_operand(op, code, target, 0);
  check_untracked(op, other);
  if (detail::broadcast_shape(op, target.shape(), other.shape()) != target.shape()) {
    throw ShapeError(message(op, ": ", other.shape(), " does not broadcast into ", target.shape()));
  }
  const Tensor operand = unaffected(other, target);
  detail::issue(detail::backend_of(target.device()),
                kernels::Binary{
                    code, detail::view(target), detail::view(operand), detail::changed_view(target),
                    0, detail::broadcast_strides(target.shape(), other.shape(), target.shape())});
  return target;
}

const Tensor& change(const char* op, kernels::BinaryOp code, const Tensor& target, double other) {
  check_in_place(op, target);
  detail::check_operand(op, code, target, other);
  const Strides strides{.rank = 1, .size = {target.numel()}, .first = {1}};
  detail::issue(detail::backend_of(target.device()),
                kernels::Binary{
                    code, detail::view(target), {}, detail::changed_view(target), other, strides});
  return target;
}

}  // namespace

const Tensor& Tensor::copy_(const Tensor& source) const {
  check_in_place("copy_", *this);
  const detail::TensorImpl& from = check_defined("copy_", source);
  if (from.shape != impl_->shape) {
    throw ShapeError(message("copy_: source ", from.shape, " does not fit ", impl_->shape));
  }
  check_untracked("copy_", source);
  const Tensor unchanged = unaffected(source, *this);
  detail::transfer("copy_", detail::view(unchanged), from.storage->device,
                   detail::changed_view(*this), impl_->storage->device);
  return *this;
}
const Tensor& Tensor::copy_(std::span<const float> source) const {
  return copy_span(*this, source);
}
const Tensor& Tensor::copy_(std::span<const double> source) const {
  return copy_span(*this, source);
}
const Tensor& Tensor::copy_(std::span<const std::int64_t> source) const {
  return copy_span(*this, source);
}

const Tensor& Tensor::fill_(double value) const { return fill("fill_", *this, value); }
const Tensor& Tensor::zero_() const { return fill("zero_", *this, 0); }

const Tensor& Tensor::operator+=(const Tensor& other) const {
  return change("add", kernels::BinaryOp::add, *this, other);
}
const Tensor& Tensor::operator-=(const Tensor& other) const {
  return change("sub", kernels::BinaryOp::sub, *this, other);
}
const Tensor& Tensor::operator*=(const Tensor& other) const {
  return change("mul", kernels::BinaryOp::mul, *this, other);
}
const Tensor& Tensor::operator/=(const Tensor& other) const {
  return change("div", kernels::BinaryOp::div, *this, other);
}
const Tensor& Tensor::operator+=(double other) const {
  return change("add", kernels::BinaryOp::add, *this, other);
}
const Tensor& Tensor::operator-=(double other) const {
  return change("sub", kernels::BinaryOp::sub, *this, other);
}
const Tensor& Tensor::operator*=(double other) const {
  return change("mul", kernels::BinaryOp::mul, *this, other);
}
const Tensor& Tensor::operator/=(double other) const {
  return change("div", kernels::BinaryOp::div, *this, other);
}

}  // namespace kindling
