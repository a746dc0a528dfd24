// SPDX-License-Identifier: MIT
#pragma once

#include "tests/emulator/execution/warp.h"

#include <array>
#include <cstdint>

namespace emulator {

/// What an access does to memory.
enum class Access : std::uint8_t { read, write, atomic };

/// Finds accesses of one launch that touch the same bytes without an order between them. The
/// interpreter calls it, only under Checks::all, in the order in which things happen:
/// an access is reported if the earlier access it conflicts with is not ordered before it by
/// program order, a barrier, a warp barrier (every _sync instruction is one for the lanes it
/// names), or a release-acquire chain through a strong access (fence + atomic, or
/// .release/.acquire).
class Races {
 public:
  static Races& instance();

  /// A launch starts: nothing before it can race with it.
  void begin_launch(const Grid& grid);
  void begin_block(const Block& block);
  void end_launch();

  /// The lanes of `mask` access `bytes` at address[lane] each: a global address, or, for shared
  /// memory, an offset in the block's. `written` (32 x bytes, or nullptr) is what a store writes:
  /// equal values written at once are benign. Called before memory changes.
  void access(const Warp& warp, const Instruction& instruction, LaneMask mask,
              const std::array<std::uint64_t, kLanes>& address, int bytes, Access kind, Space space,
              const std::byte* written);

  /// All of the named warps' lanes have met: whole-block barriers order the block, barriers with
  /// an id and a count the lanes that took part (lanes[w] for warp w).
  void block_barrier(const Block& block, const std::vector<LaneMask>& lanes);
  void warp_barrier(const Warp& warp, LaneMask mask);
  void fence(const Warp& warp, LaneMask mask, Scope scope);
};

}  // namespace emulator
