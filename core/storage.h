// SPDX-License-Identifier: MIT
#pragma once

#include <kindling/core/api.h>
#include <kindling/core/device.h>
#include <kindling/core/dtype.h>
#include <kindling/core/intrusive.h>

#include <atomic>
#include <cstdint>

namespace kindling::detail {

class RecordingPool;

/// Re-pointings of storages so far: an address taken at the same count is still right.
KINDLING_API extern std::atomic<std::uint64_t> repointed_storages;

/// The memory behind tensors: all views of one tensor share one Storage, so re-pointing it (into an
/// optimizer's arena, to another device) is followed by every handle and view.
struct KINDLING_API Storage final : RefCounted {
  /// Memory of its own, uninitialised. OutOfMemoryError.
  static Intrusive<Storage> allocate(std::int64_t numel, DType dtype, Device device);
  /// Memory that the caller keeps alive.
  static Intrusive<Storage> borrow(void* data, std::int64_t numel, DType dtype);
  /// A part of `arena`, which stays alive as long as this does.
  static Intrusive<Storage> within(Intrusive<Storage> arena, std::int64_t offset,
                                   std::int64_t numel);

  /// Points to numel elements of `arena` from element `offset` on, after copying the content there;
  /// frees what it owned.
  void move_into(Intrusive<Storage> arena, std::int64_t offset);
  /// A copy of the content on this device, in this dtype.
  Intrusive<Storage> copy(Device device, DType dtype) const;
  /// Takes over the memory that `other` owns, with its device and dtype; leaves any arena and
  /// optimizer.
  void take(Storage& other) noexcept;

  static void destroy(Storage* storage) noexcept;

  void* data = nullptr;
  std::int64_t numel = 0;
  Intrusive<Storage> arena;       // whose memory this is a part of, if any
  Intrusive<RecordingPool> pool;  // whose memory this is, if it was made while a step was captured
  std::uint64_t optimizer = 0;    // id of the optimizer that re-pointed it last; 0: none
  std::uint32_t version = 0;      // rises with every in-place change
  Device device = Device::cpu();
  DType dtype = DType::float32;
  bool owns_data = false;

  std::int64_t bytes() const noexcept { return numel * size_of(dtype); }

 private:
  Storage() noexcept;
  ~Storage();
  static Storage* make();
  void release_data() noexcept;
};

}  // namespace kindling::detail
