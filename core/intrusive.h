// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <cstdint>
#include <utility>

namespace kindling::detail {

/// Base of what is shared by counting: the count lives in the object, so sharing needs no
/// allocation of its own.
class RefCounted {
 public:
  RefCounted() noexcept = default;
  RefCounted(const RefCounted&) = delete;
  RefCounted& operator=(const RefCounted&) = delete;

  void add_reference() const noexcept { references_.fetch_add(1, std::memory_order_relaxed); }
  /// True when this was the last reference and the object is to be destroyed.
  bool drop_reference() const noexcept {
    return references_.fetch_sub(1, std::memory_order_acq_rel) == 1;
  }

 protected:
  ~RefCounted() = default;

 private:
  mutable std::atomic<std::uint32_t> references_{0};
};

/// A counted pointer to a T derived from RefCounted; the last one calls T::destroy.
template <class T>
class Intrusive {
 public:
  constexpr Intrusive() noexcept = default;
  explicit Intrusive(T* object) noexcept : object_(object) {
    if (object_ != nullptr) object_->add_reference();
  }
  Intrusive(const Intrusive& other) noexcept : Intrusive(other.object_) {}
  Intrusive(Intrusive&& other) noexcept : object_(std::exchange(other.object_, nullptr)) {}
  Intrusive& operator=(Intrusive other) noexcept {
    std::swap(object_, other.object_);
    return *this;
  }
  ~Intrusive() { reset(); }

  void reset() noexcept {
    T* object = std::exchange(object_, nullptr);
    if (object != nullptr && object->drop_reference()) T::destroy(object);
  }

  T* get() const noexcept { return object_; }
  T* operator->() const noexcept { return object_; }
  T& operator*() const noexcept { return *object_; }
  explicit operator bool() const noexcept { return object_ != nullptr; }
  friend bool operator==(const Intrusive&, const Intrusive&) noexcept = default;

 private:
  T* object_ = nullptr;
};

}  // namespace kindling::detail
