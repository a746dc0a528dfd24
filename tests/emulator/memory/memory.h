// SPDX-License-Identifier: MIT
#pragma once

#include "tests/emulator/report/report.h"

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>

namespace emulator {

/// Where an allocation lives and who may touch it.
enum class MemoryKind : std::uint8_t { device, managed, pinned, symbol, registered };

/// One allocation, alive or remembered after its end for the sake of reports.
struct Allocation {
  std::uint64_t address = 0;
  std::size_t bytes = 0;
  MemoryKind kind = MemoryKind::device;
  std::string origin;  // "cudaMalloc", "__device__ table", with the call's return address if known
  bool freed = false;
  std::uint64_t number = 0;  // counts allocations from 1, for reports and leak lists

  bool is_variable() const {
    return kind == MemoryKind::symbol || origin.rfind("__managed__", 0) == 0;
  }
};

/// What one byte of memory is; the state lies in a shadow byte beside every byte.
enum ByteState : std::uint8_t {
  kNoMemory = 0,     // never allocated, or a redzone
  kAllocated = 1,    // bit: may be accessed
  kInitialised = 2,  // bit: was written
  kFreed = 4,        // bit: belonged to an allocation that is gone
  kCopying = 8,      // shared memory alone: a cp.async to it is not complete
};
/// The bits above say how wide the element was that a kernel wrote there last: log2 of 1 to 8
/// bytes.
inline constexpr unsigned kWidthShift = 4;

/// The memory of the emulated device: one window of addresses, which makes every translation an
/// addition. The lower half are device addresses that fault when the host touches them (the data
/// lies at a constant distance); the upper half is memory that host and device share.
class Memory {
 public:
  static constexpr std::uint64_t kHalf = 1ull << 37;  // bytes of address space a half has
  static constexpr std::size_t kAlignment = 256;
  static constexpr std::size_t kRedzone = 256;  // at least, between two allocations

  static Memory& instance();

  /// Reserves `bytes` (0 counts as 1) with redzones round them. Fresh bytes are 0xFF (a NaN) and
  /// uninitialised. Returns 0 when --memory would be passed; host kinds do not count against it.
  std::uint64_t allocate(std::size_t bytes, MemoryKind kind, std::string origin);
  /// Ends an allocation: its bytes become kFreed and are not handed out again for a good while.
  /// Returns false if no living allocation starts at `address`.
  bool free(std::uint64_t address);
  /// Lets the device see host memory (cudaHostRegister); ends with free().
  void register_host(void* memory, std::size_t bytes, std::string origin);

  /// The living allocation that holds `address`, or nullptr.
  const Allocation* find(std::uint64_t address) const;
  /// The living or freed allocation that holds `address`, else the last one that starts below.
  const Allocation* nearest(std::uint64_t address) const;
  const std::map<std::uint64_t, Allocation>& allocations() const { return allocations_; }

  bool in_window(std::uint64_t address) const { return address - window_ < 2 * kHalf; }
  /// Where the bytes behind an address of the window lie; registered host memory is its own place.
  std::byte* data(std::uint64_t address) const {
    return reinterpret_cast<std::byte*>(address - window_ < kHalf ? address + distance_ : address);
  }
  /// The shadow bytes of an address of the window.
  std::uint8_t* shadow(std::uint64_t address) const { return shadow_ + (address - window_); }
  std::uint64_t window() const { return window_; }
  std::uint64_t distance() const { return distance_; }

  /// Checks [address, address + bytes) as one access of a copy or a library call named `who`,
  /// reports what is wrong, marks written bytes initialised and returns where the bytes lie;
  /// nullptr if they may not be touched. Bytes of plain host memory pass through unchecked
  /// if `host_too`.
  std::byte* range(std::uint64_t address, std::size_t bytes, bool write, const std::string& who,
                   bool host_too = false);
  /// Copies shadow states along with a copied range, so that copying uninitialised memory stays
  /// uninitialised instead of being reported.
  void mark(std::uint64_t address, std::size_t bytes, bool initialised);

  /// "4 bytes past the 400-byte allocation #3 (cudaMalloc)" for reports.
  std::string describe(std::uint64_t address, std::size_t bytes) const;
  /// Which check a failed access of these bytes belongs to.
  Check classify(std::uint64_t address, std::size_t bytes) const;

 private:
  Memory();
  std::uint64_t place(std::size_t bytes, bool host);

  std::uint64_t window_ = 0;
  std::uint64_t distance_ = 0;  // modulo 2^64
  std::uint8_t* shadow_ = nullptr;
  std::uint64_t next_[2] = {0, 0};  // next fresh address of either half
  std::uint64_t number_ = 0;
  std::map<std::uint64_t, Allocation> allocations_;  // by address; living and remembered ones
};

/// Makes a host access to a device address a clear report and exit status 86 instead of a crash.
void install_fault_handler();

}  // namespace emulator
