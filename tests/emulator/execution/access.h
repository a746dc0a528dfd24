// SPDX-License-Identifier: MIT
#pragma once

#include "tests/emulator/execution/lanes.h"
#include "tests/emulator/execution/warp.h"
#include "tests/emulator/races/races.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>

namespace emulator {

using Addresses = std::array<std::uint64_t, kLanes>;

/// What an access wants: `bytes` a lane; `written` is what a store writes, 32 x bytes.
struct Request {
  Warp& warp;
  const Instruction& instruction;
  std::uint32_t bytes;
  Access kind;
  const std::byte* written = nullptr;
};

/// A memory access of a warp, checked: where every lane's bytes lie.
struct Accessed {
  std::array<std::byte*, kLanes> data;  // of lanes outside `mask`: some valid address
  LaneMask mask = 0;                    // the lanes that may go on
  bool contiguous = false;              // all 32 lanes, one after the other
};

/// The addresses of an instruction's lanes: from[operand] + offset. Lanes outside the mask repeat
/// the first one that is in it.
Addresses lane_addresses(const Warp& warp, const Instruction& instruction, LaneMask mask,
                         std::size_t operand, std::int64_t offset);

/// Checks an access to `space` and finds its memory. Everything wrong is reported; a lane that may
/// not go on leaves the mask and sets the grid's fault. A write marks its bytes initialised.
Accessed resolve(const Request& request, LaneMask mask, Space space, const Addresses& address);
/// The same for the address of a load, store or atomic.
Accessed resolve(const Request& request, LaneMask mask);

/// The shared variable that holds an offset of the block's shared memory, for reports.
std::string describe_shared(const Warp& warp, std::uint64_t offset);

}  // namespace emulator
