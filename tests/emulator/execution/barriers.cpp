// SPDX-License-Identifier: MIT
#include "tests/emulator/execution/warp.h"
#include "tests/emulator/races/races.h"
#include "tests/emulator/report/options.h"

#include <algorithm>

namespace emulator {
namespace {

enum Operation : std::uint8_t { kSync, kArrive, kPopc, kAnd, kOr };

std::uint32_t threads_alive(const Block& block) {
  std::uint32_t alive = 0;
  for (const Warp& warp : block.warps) {
    alive += static_cast<std::uint32_t>(__builtin_popcount(warp.alive));
  }
  return alive;
}

std::uint32_t threads_arrived(const Barrier& barrier) {
  std::uint32_t arrived = 0;
  for (const LaneMask lanes : barrier.arrived) {
    arrived += static_cast<std::uint32_t>(__builtin_popcount(lanes));
  }
  return arrived;
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

void report_barrier(const Block& block, const Barrier& barrier, const std::string& what) {
  for (const Warp& warp : block.warps) {
    const LaneMask lanes = barrier.arrived[warp.number];
    if (lanes == 0) continue;
    const Place place = place_of(warp, *barrier.first, __builtin_ctz(lanes));
    report(Check::barrier, what, &place);
    return;
  }
}

// The result of a reduction, for the waiting lanes.
void write_result(Warp& warp, const Instruction& instruction, LaneMask lanes, std::uint32_t votes,
                  std::uint32_t threads) {
  if (instruction.operation < kPopc || !instruction.to[0].exists()) return;
  if (instruction.operation == kPopc) {
    for (LaneMask rest = lanes; rest != 0; rest &= rest - 1) {
      warp.lanes<std::uint32_t>(instruction.to[0])[__builtin_ctz(rest)] = votes;
    }
    return;
  }
  const bool yes = instruction.operation == kAnd ? votes == threads : votes != 0;
  LaneMask& to = warp.predicate(instruction.to[0]);
  to = yes ? to | lanes : to & ~lanes;
}

void open(Block& block, Barrier& barrier) {
  const std::uint32_t threads = threads_arrived(barrier);
  if (options().checks == Checks::all) Races::instance().block_barrier(block, barrier.arrived);
  ++block.grid->counters.barriers;
  for (Warp& warp : block.warps) {
    LaneMask lanes = barrier.waiting[warp.number];
    warp.at_block_barrier &= ~lanes;
    warp.runnable |= lanes;
    while (lanes != 0) {  // the lanes of one frame at a time: results are in its registers
      const auto first = static_cast<std::size_t>(__builtin_ctz(lanes));
      LaneMask same = 0;
      for (LaneMask rest = lanes; rest != 0; rest &= rest - 1) {
        const auto lane = static_cast<std::size_t>(__builtin_ctz(rest));
        if (warp.frame[lane] == warp.frame[first] && warp.pc[lane] == warp.pc[first]) {
          same |= 1u << lane;
        }
      }
      warp.current_frame = warp.frame[first];
      warp.bases[0] = warp.registers.data() + warp.frames[warp.current_frame].registers;
      write_result(warp, warp.program().code[warp.pc[first] - 1], same, barrier.votes, threads);
      lanes &= ~same;
    }
  }
  barrier.first = nullptr;
}

}  // namespace

void arrive(Warp& warp, const Instruction& instruction, LaneMask lanes) {
  Block& block = *warp.block;
  const std::uint32_t id =
      warp.lanes<const std::uint32_t>(instruction.from[0])[__builtin_ctz(lanes)];
  const Operand& count_operand = instruction.from[1];
  const std::uint32_t count =
      count_operand.exists() ? warp.lanes<const std::uint32_t>(count_operand)[__builtin_ctz(lanes)]
                             : 0;
  const bool bad_count = count_operand.exists() && (count == 0 || count % kLanes != 0);
  if (id >= block.barriers.size() || bad_count) {
    const Place place = place_of(warp, instruction, __builtin_ctz(lanes));
    report(Check::barrier,
           bad_count ? "the thread count " + std::to_string(count) + " is no multiple of 32"
                     : "there is no barrier " + std::to_string(id) + ", only 0 to 15",
           &place);
    block.grid->fault = Fault::illegal_instruction;
    return;
  }
  Barrier& barrier = block.barriers[id];
  if (barrier.first == nullptr) {
    barrier = {&instruction,
               count,
               false,
               std::vector<LaneMask>(block.warps.size()),
               std::vector<LaneMask>(block.warps.size()),
               0};
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
    LaneMask predicate = warp.predicate(instruction.from[2]);
    if (instruction.has(kNegatedPredicate)) predicate = ~predicate;
    barrier.votes += static_cast<std::uint32_t>(__builtin_popcount(predicate & lanes));
  }
}

bool release_block_barriers(Block& block, bool force) {
  bool released = false;
  const std::uint32_t alive = threads_alive(block);
  for (Barrier& barrier : block.barriers) {
    if (barrier.first == nullptr) continue;
    bool complete = false;
    if (barrier.count != 0) {
      complete = threads_counted(block, barrier) >= barrier.count;
    } else {
      const std::uint32_t arrived = threads_arrived(barrier);
      complete = arrived == block.threads;
      if (!complete && force && arrived == alive) {
        report_barrier(block, barrier,
                       "only " + std::to_string(arrived) + " of " + std::to_string(block.threads) +
                           " threads reach the barrier, the others have left the kernel");
        complete = true;
      }
    }
    if (!complete) continue;
    if (barrier.diverged) {
      report_barrier(block, barrier, "the threads of the block wait at different barriers");
    }
    open(block, barrier);
    released = true;
  }
  return released;
}

}  // namespace emulator
