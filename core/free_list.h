// SPDX-License-Identifier: MIT
#pragma once

namespace kindling::detail {

/// Whether freed memory is kept for reuse; not under AddressSanitizer, which is to see every use
/// after free.
#if defined(__SANITIZE_ADDRESS__)
inline constexpr bool kReuseMemory = false;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
inline constexpr bool kReuseMemory = false;
#else
inline constexpr bool kReuseMemory = true;
#endif
#else
inline constexpr bool kReuseMemory = true;
#endif

/// A stack of freed blocks of one size, linked through their first bytes. It owns nothing and has
/// no destructor, so a thread_local one can be used as long as its thread runs, even after the
/// thread's destructors have.
class FreeList {
 public:
  void push(void* block) noexcept {
    *static_cast<void**>(block) = head_;
    head_ = block;
  }

  /// nullptr when the list is empty.
  void* pop() noexcept {
    void* block = head_;
    if (block != nullptr) head_ = *static_cast<void**>(block);
    return block;
  }

 private:
  void* head_ = nullptr;
};

}  // namespace kindling::detail
