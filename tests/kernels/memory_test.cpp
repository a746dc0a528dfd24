// SPDX-License-Identifier: MIT
#include <kindling/core/error.h>
#include <kindling/core/free_list.h>
#include <kindling/core/pool.h>
#include <kindling/kernels/cpu/memory.h>

#include "tests/support/expect_error.h"

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <thread>
#include <utility>
#include <vector>

namespace kindling::test {
namespace {

using kernels::cpu::allocate;
using kernels::cpu::deallocate;

std::uintptr_t address(const void* data) { return reinterpret_cast<std::uintptr_t>(data); }

TEST(Memory, IsAlignedAndWholeForEverySize) {
  for (std::size_t bytes = 1; bytes < (std::size_t{9} << 20); bytes = bytes * 9 / 8 + 1) {
    void* data = allocate(bytes);
    EXPECT_EQ(address(data) % (bytes >= 256 ? 256 : 64), 0u) << bytes;
    std::memset(data, 0x5a, bytes);
    deallocate(data, bytes);
  }
}

TEST(Memory, BlocksInUseDoNotOverlap) {
  std::vector<std::pair<unsigned char*, std::size_t>> blocks;
  for (int round = 0; round < 3; ++round) {
    for (std::size_t bytes = 1; bytes < 5000; bytes += 37) {
      auto* data = static_cast<unsigned char*>(allocate(bytes));
      std::memset(data, static_cast<int>(blocks.size() % 251), bytes);
      blocks.emplace_back(data, bytes);
    }
    for (std::size_t i = 0; i < blocks.size(); ++i)
      for (std::size_t b = 0; b < blocks[i].second; ++b) ASSERT_EQ(blocks[i].first[b], i % 251);
    for (const auto& [data, bytes] : blocks) deallocate(data, bytes);
    blocks.clear();
  }
}

TEST(Memory, IsReusedByItsThread) {
  if (!detail::kReuseMemory) GTEST_SKIP() << "nothing is kept under AddressSanitizer";
  for (const std::size_t bytes :
       {std::size_t{1}, std::size_t{100}, std::size_t{5000}, std::size_t{3} << 20}) {
    void* first = allocate(bytes);
    deallocate(first, bytes);
    void* second = allocate(bytes);
    EXPECT_EQ(first, second) << bytes;
    deallocate(second, bytes);
  }
}

TEST(Memory, MayBeFreedInAnotherThreadAndAfterItsOwn) {
  void* data = nullptr;
  std::thread([&] { data = allocate(1000); }).join();
  std::memset(data, 1, 1000);
  std::thread([&] { deallocate(data, 1000); }).join();
}

/// Frees in the destructor of a thread_local object, which was made before the thread's cache and
/// so dies after it.
struct FreesLate {
  ~FreesLate() {
    deallocate(data, 1000);
    detail::pool_deallocate(object, 40);
  }
  void* data = nullptr;
  void* object = nullptr;
};

TEST(Memory, MayBeFreedWhileItsThreadEnds) {
  std::thread([] {
    thread_local FreesLate late;
    late.data = allocate(1000);
    late.object = detail::pool_allocate(40);
    deallocate(allocate(64), 64);
    detail::pool_deallocate(detail::pool_allocate(64), 64);
  }).join();
}

TEST(Memory, OfNoBytesIsNothing) {
  EXPECT_EQ(allocate(0), nullptr);
  deallocate(nullptr, 0);
}

TEST(Memory, ThatCannotBeHadIsAnError) {
  for (const std::size_t bytes : {std::size_t{1} << 60, ~std::size_t{0}})
    expect_error<OutOfMemoryError>(message("cpu: ", bytes,
                                           " bytes of memory could not be had: free tensors or "
                                           "use smaller ones"),
                                   [&] { return allocate(bytes); });
}

TEST(Pool, ObjectsInUseDoNotOverlap) {
  std::vector<std::pair<unsigned char*, std::size_t>> objects;
  for (int round = 0; round < 3; ++round) {
    for (std::size_t i = 0; i < 4000; ++i) {
      const std::size_t bytes = i % 600 + 1;
      auto* object = static_cast<unsigned char*>(detail::pool_allocate(bytes));
      EXPECT_EQ(address(object) % alignof(std::max_align_t), 0u);
      std::memset(object, static_cast<int>(i % 251), bytes);
      objects.emplace_back(object, bytes);
    }
    for (std::size_t i = 0; i < objects.size(); ++i)
      for (std::size_t b = 0; b < objects[i].second; ++b) ASSERT_EQ(objects[i].first[b], i % 251);
    for (const auto& [object, bytes] : objects) detail::pool_deallocate(object, bytes);
    objects.clear();
  }
}

TEST(Pool, ReusesTheObjectFreedLast) {
  if (!detail::kReuseMemory) GTEST_SKIP() << "nothing is kept under AddressSanitizer";
  void* first = detail::pool_allocate(72);
  detail::pool_deallocate(first, 72);
  void* second = detail::pool_allocate(65);  // of the same size class
  EXPECT_EQ(first, second);
  detail::pool_deallocate(second, 65);
}

TEST(Pool, ObjectsMayBeFreedInAnotherThread) {
  std::vector<void*> objects;
  for (int i = 0; i < 100; ++i) objects.push_back(detail::pool_allocate(48));
  std::thread([&] {
    for (void* object : objects) detail::pool_deallocate(object, 48);
  }).join();
}

}  // namespace
}  // namespace kindling::test
