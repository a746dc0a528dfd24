// SPDX-License-Identifier: MIT
#pragma once

#include "tests/emulator/races/races.h"

namespace emulator {

/// One access of a warp, as far as all its lanes agree.
struct CheckedAccess {
  const Warp& warp;
  const Instruction& instruction;
  const std::array<std::uint64_t, kLanes>& address;
  const std::byte* written;  // 32 x bytes
  std::uint32_t at;          // index of Program::code
  std::uint32_t bytes;
  Access kind;
  Strength strength;
  bool in_shared;
  Stamp floor;  // nothing earlier counts
  ReadDates& dates;
};

/// An access without an order after the last write that the cell of an address keeps; whether a
/// fence is all that it lacks.
void report_after_write(const CheckedAccess& access, const Actor& me, const Cell& cell,
                        std::uint64_t address, std::uint32_t bytes, bool lacks_fence);
/// A write without an order after the reads that it keeps.
void report_after_read(const CheckedAccess& access, const Actor& me, const Cell& cell,
                       std::uint64_t address, std::uint32_t bytes);

}  // namespace emulator
