// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <new>
#include <utility>

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
/// no destructor.
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

/// The calling thread's freed blocks, in `kClasses` sizes, of at most kMostBytes together. It may
/// be used as long as the thread runs, even after the thread's destructors have: then it keeps
/// nothing.
template <std::size_t kClasses, std::size_t kMostBytes, void (*kFree)(void*)>
class ThreadCache {
 public:
  /// A block of this size that was given back, or nullptr.
  static void* take(std::size_t size_class, std::size_t bytes) noexcept {
    if (open_ == nullptr) return nullptr;
    void* block = open_->lists_[size_class].pop();
    if (block != nullptr) open_->room_ += bytes;
    return block;
  }

  /// Keeps a block, or frees it.
  static void give(void* block, std::size_t size_class, std::size_t bytes) noexcept {
    if (open_ == nullptr || open_->room_ < bytes) return give_slowly(block, size_class, bytes);
    open_->room_ -= bytes;
    open_->lists_[size_class].push(block);
  }

 private:
  void empty() noexcept {
    for (FreeList& list : lists_)
      while (void* block = list.pop()) kFree(block);
    room_ = kMostBytes;
  }

  /// Frees the cache when its thread ends.
  struct Closer {
    ~Closer() {
      open_->empty();
      delete std::exchange(open_, nullptr);
      closed_ = true;
    }
  };

  /// There is no room: makes it, so that the cache follows a program whose sizes change.
  [[gnu::noinline]] static void give_slowly(void* block, std::size_t size_class,
                                            std::size_t bytes) noexcept {
    if (open_ == nullptr) {
      if (kReuseMemory && !closed_) open_ = new (std::nothrow) ThreadCache;
      if (open_ == nullptr) return kFree(block);
      static thread_local Closer closer;
      static_cast<void>(closer);
    }
    open_->empty();
    give(block, size_class, bytes);
  }

  FreeList lists_[kClasses];
  std::size_t room_ = 0;  // bytes that may still be kept

  // No more than a pointer: thread-local memory is scarce where the library is loaded at run time.
  inline static constinit thread_local ThreadCache* open_ = nullptr;
  inline static constinit thread_local bool closed_ = false;  // the thread is ending
};

}  // namespace kindling::detail
