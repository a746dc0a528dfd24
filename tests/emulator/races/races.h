// SPDX-License-Identifier: MIT
#pragma once

#include "tests/emulator/execution/warp.h"
#include "tests/emulator/races/order.h"

#include <array>
#include <cstdint>
#include <unordered_map>
#include <vector>

namespace emulator {

/// What an access does to memory.
enum class Access : std::uint8_t { read, write, atomic };

struct Request;
struct CheckedAccess;

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

  /// The lanes of `mask` make the access at address[lane] each: a global address, or, for shared
  /// memory, an offset in the block's. Equal values written at once are benign. Called before
  /// memory changes.
  void access(const Request& request, LaneMask mask,
              const std::array<std::uint64_t, kLanes>& address, Space space);

  /// All of the named warps' lanes have met: whole-block barriers order the block, barriers with
  /// an id and a count the lanes that took part (lanes[w] for warp w).
  void block_barrier(const Block& block, const std::vector<LaneMask>& lanes);
  void warp_barrier(const Warp& warp, LaneMask mask);
  void fence(const Warp& warp, Scope scope);
  /// The same for an mbarrier at an offset of the block's shared memory: a lane initialises it, a
  /// lane arrives at it, a lane has seen that its phase is complete.
  void make_barrier(const Warp& warp, std::size_t lane, std::uint64_t barrier);
  void arrive_at_barrier(const Warp& warp, std::uint64_t barrier, bool completes);
  void pass_barrier(const Warp& warp, std::uint64_t barrier);
  /// Whether what a lane does now comes after the initialisation.
  bool is_made_before(const Warp& warp, std::size_t lane, std::uint64_t barrier);

 private:
  // A block that runs: its clocks and the cells of its shared memory.
  struct RunningBlock {
    BlockOrder order;
    std::vector<Cell> words, bytes;
    ReadDates dates;
  };

  RunningBlock& running(const Block& block);
  void check_lane(const CheckedAccess& access, RunningBlock& block, std::uint32_t lane);
  void check_cell(const CheckedAccess& access, BlockOrder& block, const Actor& me, Cell& cell,
                  std::uint64_t address, std::uint32_t bytes);
  bool write_is_ordered(const CheckedAccess& access, BlockOrder& block, const Actor& me,
                        const Cell& cell);
  bool readers_are_before(const CheckedAccess& access, BlockOrder& block, const Actor& me,
                          const Cell& cell);
  void note_read(const CheckedAccess& access, BlockOrder& block, const Actor& me, Cell& cell);
  void add_reader(const CheckedAccess& access, const Actor& me, Cell& cell);

  Order order_;
  Cells global_;
  ReadDates global_dates_;
  std::unordered_map<const Block*, RunningBlock> blocks_;
  const Block* last_block_ = nullptr;  // of running()
  RunningBlock* last_ = nullptr;
};

}  // namespace emulator
