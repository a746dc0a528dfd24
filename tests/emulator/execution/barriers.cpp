// SPDX-License-Identifier: MIT
#include "tests/emulator/execution/lanewise.h"
#include "tests/emulator/execution/warp.h"
#include "tests/emulator/races/races.h"
#include "tests/emulator/report/options.h"

#include <algorithm>

namespace emulator {
namespace {

enum Operation : std::uint8_t { kSync, kArrive, kPopc, kAnd, kOr };

// The threads in a mask of lanes for each warp.
std::uint32_t threads_in(const std::vector<LaneMask>& lanes) {
  std::uint32_t threads = 0;
  for (const LaneMask warp : lanes) threads += count_lanes(warp);
  return threads;
}

// Barriers with a count count whole warps: one whose threads have all come counts as 32.
std::uint32_t threads_counted(const Block& block, const Barrier& barrier) {
  std::uint32_t counted = 0;
  for (const Warp& warp : block.warps) {
    const LaneMask arrived = barrier.arrived[warp.number];
    if (arrived != 0 && (warp.alive & ~arrived) == 0) counted += kLanes;
  }
  return counted;
}

// All that have not left the kernel have arrived.
bool everyone_arrived(const Block& block, const Barrier& barrier) {
  return std::none_of(block.warps.begin(), block.warps.end(), [&](const Warp& warp) {
    return (warp.alive & ~barrier.arrived[warp.number]) != 0;
  });
}

void report_barrier(const Block& block, const Barrier& barrier, const std::string& what) {
  for (const Warp& warp : block.warps) {
    const LaneMask lanes = barrier.arrived[warp.number];
    if (lanes == 0) continue;
    report_at(warp, *barrier.first, first_lane(lanes), Check::barrier, what);
    return;
  }
}

// The result of a reduction, for the waiting lanes.
void write_result(Warp& warp, const Instruction& instruction, LaneMask lanes, std::uint32_t votes,
                  std::uint32_t threads) {
  if (instruction.operation < kPopc || !instruction.to[0].exists()) return;
  if (instruction.operation == kPopc) {
    write_lanes(warp, instruction.to[0], lanes, votes);
    return;
  }
  const bool yes = instruction.operation == kAnd ? votes == threads : votes != 0;
  write_predicate(warp, instruction.to[0], lanes, yes ? kAllLanes : 0);
}

void open(Block& block, Barrier& barrier) {
  const std::uint32_t threads = threads_in(barrier.arrived);
  if (options().checks == Checks::all) Races::instance().block_barrier(block, barrier.arrived);
  ++block.grid->counters.barriers;
  for (Warp& warp : block.warps) {
    LaneMask lanes = barrier.waiting[warp.number];
    warp.at_block_barrier &= ~lanes;
    warp.runnable |= lanes;
    while (lanes != 0) {  // the lanes of one frame at a time: results are in its registers
      const std::size_t first = first_lane(lanes);
      const LaneMask same = lanes_where(lanes, [&](std::size_t lane) {
        return warp.frame[lane] == warp.frame[first] && warp.pc[lane] == warp.pc[first];
      });
      warp.enter_frame(warp.frame[first]);
      write_result(warp, warp.program().code[warp.pc[first] - 1], same, barrier.votes, threads);
      lanes &= ~same;
    }
  }
  barrier.first = nullptr;
}

}  // namespace

void arrive(Warp& warp, const Instruction& instruction, LaneMask lanes) {
  Block& block = *warp.block;
  const auto value = [&](std::size_t number) {
    return warp.lanes<const std::uint32_t>(instruction.from[number])[first_lane(lanes)];
  };
  const bool counts = instruction.from[1].exists();
  const std::uint32_t id = value(0), count = counts ? value(1) : 0;
  const bool bad_count = counts && (count == 0 || count % kLanes != 0);
  if (id >= block.barriers.size() || bad_count) {
    report_at(warp, instruction, first_lane(lanes), Check::barrier,
              bad_count ? "the thread count " + std::to_string(count) + " is no multiple of 32"
                        : "there is no barrier " + std::to_string(id) + ", only 0 to 15",
              Fault::illegal_instruction);
    return;
  }
  Barrier& barrier = block.barriers[id];
  if (barrier.first == nullptr) {
    const std::vector<LaneMask> nobody(block.warps.size());
    barrier = {&instruction, count, false, nobody, nobody, 0};
  } else if (barrier.first != &instruction && (barrier.count == 0 || count == 0)) {
    barrier.diverged = true;
  }
  barrier.arrived[warp.number] |= lanes;
  if (instruction.operation != kArrive) {
    barrier.waiting[warp.number] |= lanes;
    warp.runnable &= ~lanes;
    warp.at_block_barrier |= lanes;
  }
  if (instruction.from[2].exists()) {
    barrier.votes += count_lanes(read_predicate(warp, instruction, 2) & lanes);
  }
}

bool release_block_barriers(Block& block) {
  bool released = false;
  for (Barrier& barrier : block.barriers) {
    if (barrier.first == nullptr) continue;
    const bool complete = barrier.count != 0 ? threads_counted(block, barrier) >= barrier.count
                                             : everyone_arrived(block, barrier);
    if (!complete) continue;
    const std::uint32_t arrived = threads_in(barrier.arrived);
    if (options().strict_barriers && barrier.count == 0 && arrived != block.threads) {
      report_barrier(block, barrier,
                     "only " + std::to_string(arrived) + " of " + std::to_string(block.threads) +
                         " threads reach the barrier, the others have left the kernel");
    }
    if (barrier.diverged) {
      report_barrier(block, barrier, "the threads of the block wait at different barriers");
    }
    open(block, barrier);
    released = true;
  }
  return released;
}

}  // namespace emulator
