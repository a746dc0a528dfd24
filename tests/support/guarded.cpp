// SPDX-License-Identifier: MIT
#include "tests/support/guarded.h"

#include <kindling/core/makers.h>

#include <cstring>
#include <limits>

namespace kindling::test {
namespace {

constexpr unsigned char kGuard = 0xA5;

Array all_nan(const Shape& shape) {
  Array array(shape);
  for (double& value : array.values) value = std::numeric_limits<double>::quiet_NaN();
  return array;
}

}  // namespace

Guarded::Memory::Memory(const Array& array, DType dtype) {
  const auto size = static_cast<std::size_t>(array.numel() * size_of(dtype));
  bytes.assign(size + 2 * kGuardBytes, kGuard);
  auto* place = bytes.data() + kGuardBytes;
  for (const double value : array.values) {
    if (dtype == DType::float32) {
      const auto single = static_cast<float>(value);
      std::memcpy(place, &single, sizeof single);
    } else {
      std::memcpy(place, &value, sizeof value);
    }
    place += size_of(dtype);
  }
}

testing::AssertionResult Guarded::Memory::guards_intact(const char* what) const {
  for (std::size_t i = 0; i < kGuardBytes; ++i) {
    if (bytes[i] != kGuard) {
      return testing::AssertionFailure()
             << "byte " << kGuardBytes - i << " before " << what << " was written";
    }
    if (bytes[bytes.size() - kGuardBytes + i] != kGuard) {
      return testing::AssertionFailure() << "byte " << i << " after " << what << " was written";
    }
  }
  return testing::AssertionSuccess();
}

Guarded::Guarded(const Array& array, DType dtype, Device device)
    : array_(rounded(array, dtype)),
      memory_(array, dtype),
      grad_memory_(all_nan(array.shape), dtype),
      tensor_(dtype == DType::float32 ? borrow(static_cast<float*>(memory_.data()), array.shape)
                                      : borrow(static_cast<double*>(memory_.data()), array.shape)) {
  tensor_ = tensor_.to(device);
}

void Guarded::require_grad() {
  tensor_.set_requires_grad(true);
  forget_grad();
}

void Guarded::forget_grad() {
  detail::TensorImpl& impl = *tensor_.impl();
  impl.grad_defined = false;
  if (!tensor_.device().is_cpu()) return;
  grad_memory_ = Memory(all_nan(array_.shape), tensor_.dtype());
  impl.grad = detail::TensorImpl::make(
      detail::Storage::borrow(grad_memory_.data(), array_.numel(), tensor_.dtype()), 0,
      array_.shape);
}

testing::AssertionResult Guarded::intact() const {
  if (const auto result = memory_.guards_intact("the tensor"); !result) return result;
  if (const auto result = grad_memory_.guards_intact("the gradient"); !result) return result;
  return same(tensor_, array_);
}

}  // namespace kindling::test
