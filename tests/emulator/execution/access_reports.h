// SPDX-License-Identifier: MIT
#pragma once

#include "tests/emulator/execution/access.h"

namespace emulator {

using Addresses = std::array<std::uint64_t, kLanes>;

/// A range of addresses with its bytes and their states.
struct Region {
  Space space = Space::global;
  std::uint64_t origin = 0;
  std::uint64_t bytes = 0;
  std::byte* data = nullptr;
  std::uint8_t* state = nullptr;  // nullptr: not tracked
  // Offsets from `split` on lie `jump` further than `data` says: memory that the host shares.
  std::uint64_t split = ~0ull;
  std::uint64_t jump = 0;
};

/// What an access wants.
struct Request {
  Warp& warp;
  const Instruction& instruction;
  std::uint32_t bytes;
  Access kind;
};

// Each of these reports what a lane did and takes the lane out of the mask, with a fault.
void fail_bounds(const Request& request, int lane, Space space, std::uint64_t address,
                 Accessed& result);
void fail_alignment(const Request& request, int lane, Space space, std::uint64_t address,
                    Accessed& result);

/// Reports only: the lane goes on with what memory holds.
void report_uninitialised(const Request& request, int lane, const Region& region,
                          std::uint64_t address);

}  // namespace emulator
