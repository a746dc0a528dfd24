// SPDX-License-Identifier: MIT
#include "tests/support/guarded.h"

#include <kindling/core/command.h>

#include <limits>
#include <utility>

namespace kindling::test {
namespace {

constexpr unsigned char kGuard = 0xFF;  // four or eight of them are a NaN
constexpr std::size_t kGuardBytes = 64;

Array all_nan(const Shape& shape) {
  Array array(shape);
  for (double& value : array.values) value = std::numeric_limits<double>::quiet_NaN();
  return array;
}

void write(GuardedMemory& memory, const Array& array, DType dtype) {
  if (dtype == DType::float64) return memory.write(array.values.data());
  memory.write(std::vector<float>(array.values.begin(), array.values.end()).data());
}

GuardedMemory memory_for(const Array& array, DType dtype, Device device) {
  return {detail::backend_of(device), nullptr, array.values.size(),
          static_cast<std::size_t>(size_of(dtype))};
}

}  // namespace

GuardedMemory::GuardedMemory(kernels::Backend& backend, const void* content, std::size_t elements,
                             std::size_t element_size)
    : backend_(&backend),
      before_(kGuardBytes + elements % 2 * element_size),
      bytes_(elements * element_size),
      all_(static_cast<unsigned char*>(backend.allocate(all_bytes()))) {
  const std::vector<unsigned char> guard(before_, kGuard);
  backend.upload(all_, guard.data(), before_);
  backend.upload(all_ + before_ + bytes_, guard.data(), kGuardBytes);
  if (content != nullptr) write(content);
}

GuardedMemory::~GuardedMemory() {
  if (all_ == nullptr) return;
  EXPECT_TRUE(guards_intact());
  backend_->deallocate(all_, all_bytes());
}

GuardedMemory::GuardedMemory(GuardedMemory&& other) noexcept
    : backend_(other.backend_),
      before_(other.before_),
      bytes_(other.bytes_),
      all_(std::exchange(other.all_, nullptr)) {}

std::size_t GuardedMemory::all_bytes() const { return before_ + bytes_ + kGuardBytes; }

void GuardedMemory::write(const void* content) { backend_->upload(data(), content, bytes_); }

void GuardedMemory::read(void* content) const { backend_->download(content, data(), bytes_); }

testing::AssertionResult GuardedMemory::guards_intact() const {
  std::vector<unsigned char> guard(before_);
  backend_->download(guard.data(), all_, before_);
  for (std::size_t i = before_; i-- > 0;) {
    if (guard[i] == kGuard) continue;
    return testing::AssertionFailure()
           << "written " << before_ - i << " bytes before the first element";
  }
  backend_->download(guard.data(), all_ + before_ + bytes_, kGuardBytes);
  for (std::size_t i = 0; i < kGuardBytes; ++i) {
    if (guard[i] == kGuard) continue;
    return testing::AssertionFailure() << "written " << i << " bytes past the last element";
  }
  return testing::AssertionSuccess();
}

Guarded::Guarded(const Array& array, DType dtype, Device device)
    : array_(rounded(array, dtype)),
      dtype_(dtype),
      device_(device),
      memory_(memory_for(array, dtype, device)),
      grad_memory_(memory_for(array, dtype, device)),
      tensor_(over(memory_)) {
  write(memory_, array_, dtype_);
}

detail::Intrusive<detail::TensorImpl> Guarded::over(const GuardedMemory& memory) const {
  const auto storage = detail::Storage::borrow(memory.data(), array_.numel(), dtype_);
  storage->device = device_;
  return detail::TensorImpl::make(storage, 0, array_.shape);
}

void Guarded::require_grad() {
  tensor_.set_requires_grad(true);
  forget_grad();
}

void Guarded::forget_grad() {
  write(grad_memory_, all_nan(array_.shape), dtype_);
  tensor_.impl()->grad_defined = false;
  tensor_.impl()->grad = over(grad_memory_);
}

testing::AssertionResult Guarded::intact() const {
  if (auto result = memory_.guards_intact(); !result) return result << ", of the tensor";
  if (auto result = grad_memory_.guards_intact(); !result) return result << ", of the gradient";
  return same(tensor_, array_);
}

}  // namespace kindling::test
