// SPDX-License-Identifier: MIT
#include "tests/emulator/execution/warp.h"

#include "tests/emulator/execution/lanes.h"
#include "tests/emulator/races/races.h"
#include "tests/emulator/report/options.h"

#include <algorithm>
#include <cstdio>
#include <utility>

namespace emulator {
namespace {

constexpr std::uint64_t kSlice = 1u << 12;  // instructions before another group has its turn

std::string hexadecimal(LaneMask mask) {
  char text[16];
  std::snprintf(text, sizeof text, "0x%08x", mask);
  return text;
}

// Lanes that execute together: one frame, one pc. `limit` is where others wait to join.
struct Group {
  LaneMask lanes = 0;
  std::uint32_t pc = 0;
  std::uint32_t limit = ~0u;
};

// Deepest call first, then lowest pc: lanes that diverged meet again after the branch. When a
// group has used up its slice (it may be spinning), it is passed over once: it is tired.
Group choose_group(Warp& warp) {
  Group group;
  const LaneMask runnable = warp.runnable;
  if ((runnable & ~warp.tired) == 0) warp.tired = 0;
  const LaneMask eligible = runnable & ~warp.tired;
  std::size_t chosen = first_lane(eligible);
  for (const std::size_t lane : lanes_of(eligible)) {
    const std::uint32_t depth = warp.frames[warp.frame[lane]].depth;
    const std::uint32_t best = warp.frames[warp.frame[chosen]].depth;
    if (depth > best || (depth == best && warp.pc[lane] < warp.pc[chosen])) chosen = lane;
  }
  group.pc = warp.pc[chosen];
  const std::uint32_t frame = warp.frame[chosen];
  for (const std::size_t lane : lanes_of(runnable)) {
    if (warp.frame[lane] != frame) continue;
    if (warp.pc[lane] == group.pc)
      group.lanes |= lane_bit(lane);
    else if (warp.pc[lane] > group.pc)
      group.limit = std::min(group.limit, warp.pc[lane]);
  }
  return group;
}

void save_pcs(Warp& warp, LaneMask lanes, std::uint32_t pc) {
  for (const std::size_t lane : lanes_of(lanes)) warp.pc[lane] = pc;
}

// Whether the lanes a warp-wide instruction names are all here; reports lanes it does not name.
bool all_present(Warp& warp, const Instruction& instruction, LaneMask lanes) {
  const auto* members = warp.lanes<const LaneMask>(instruction.from[3]);
  bool complete = true;
  for (const std::size_t lane : lanes_of(lanes)) {
    if (!has_lane(members[lane], lane)) {
      report_at(warp, instruction, lane, Check::mask,
                "the mask " + hexadecimal(members[lane]) + " does not name the lane that uses it");
    }
    complete &= (members[lane] & warp.alive & ~lanes) == 0;
  }
  return complete;
}

// Lanes that name different masks (the tiles of a warp) are groups of their own.
void execute_warp_wide(Warp& warp, const Instruction& instruction, LaneMask lanes) {
  const auto* members = warp.lanes<const LaneMask>(instruction.from[3]);
  while (lanes != 0) {
    const LaneMask mask = members[first_lane(lanes)];
    const LaneMask group =
        lanes_where(lanes, [&](std::size_t lane) { return members[lane] == mask; });
    instruction.handler(warp, instruction, group);
    if (options().checks == Checks::all) Races::instance().warp_barrier(warp, group);
    lanes &= ~group;
  }
}

void branch_indexed(Warp& warp, const Instruction& instruction, LaneMask lanes) {
  const auto& table = warp.program().branch_tables[instruction.target];
  const auto* index = warp.lanes<const std::uint32_t>(instruction.from[0]);
  for (const std::size_t lane : lanes_of(lanes)) {
    if (index[lane] < table.size()) {
      warp.pc[lane] = table[index[lane]];
    } else {
      report_at(warp, instruction, lane, Check::out_of_bounds, "a branch past its table",
                Fault::illegal_instruction);
    }
  }
}

// Executes a control instruction for `lanes` of the active ones. True: they go on together at pc,
// which may have changed; false: all pcs are saved.
bool control(Warp& warp, const Instruction& instruction, LaneMask lanes, std::uint32_t& pc) {
  const LaneMask others = warp.active & ~lanes;
  if (instruction.control == Control::branch && others == 0) {
    pc = instruction.target;
    return true;
  }
  if (instruction.control == Control::warp_wide && all_present(warp, instruction, lanes)) {
    execute_warp_wide(warp, instruction, lanes);
    ++pc;
    return true;
  }
  save_pcs(warp, others, pc + 1);
  switch (instruction.control) {
    case Control::branch:
      save_pcs(warp, lanes, instruction.target);
      break;
    case Control::branch_indexed:
      branch_indexed(warp, instruction, lanes);
      break;
    case Control::call:
    case Control::call_indirect:
      call(warp, instruction, lanes, pc + 1);
      break;
    case Control::leave:
      leave(warp, lanes);
      break;
    case Control::exit:
      warp.alive &= ~lanes;
      warp.runnable &= ~lanes;
      break;
    case Control::trap:
      report_at(warp, instruction, first_lane(lanes), Check::trap, "trap", Fault::trap);
      break;
    case Control::block_barrier:
      save_pcs(warp, lanes, pc + 1);
      arrive(warp, instruction, lanes);
      break;
    case Control::warp_wide:
      save_pcs(warp, lanes, pc);
      warp.runnable &= ~lanes;
      warp.at_warp_barrier |= lanes;
      break;
    case Control::next:
      break;
  }
  return false;
}

// Runs one group until it meets others, parts, waits or uses up the slice.
void run_group(Warp& warp, Group group, std::uint64_t& slice) {
  const Instruction* code = warp.program().code.data();
  Grid& grid = *warp.block->grid;
  std::uint32_t pc = group.pc;
  warp.active = group.lanes;
  for (;;) {
    const Instruction& instruction = code[pc];
    LaneMask lanes = group.lanes;
    if (instruction.guard.exists()) {
      const LaneMask guard = warp.predicate(instruction.guard);
      lanes &= instruction.guard_negated ? ~guard : guard;
    }
    grid.counters.thread_instructions[static_cast<std::size_t>(instruction.counted_as)] +=
        count_lanes(lanes);
    --slice;
    if (lanes == 0) {
      ++pc;
    } else if (instruction.control == Control::next) {
      instruction.handler(warp, instruction, lanes);
      ++pc;
      if (grid.fault != Fault::none) return;
    } else if (!control(warp, instruction, lanes, pc)) {
      return;
    }
    if (pc >= group.limit || slice == 0) {
      save_pcs(warp, group.lanes, pc);
      return;
    }
  }
}

}  // namespace

void run_warp(Warp& warp, std::uint64_t& budget) {
  while (warp.runnable != 0 && budget != 0 && warp.block->grid->fault == Fault::none) {
    const Group group = choose_group(warp);
    warp.enter_frame(warp.frame[first_lane(group.lanes)]);
    const std::uint64_t given = std::min(kSlice, budget);
    std::uint64_t slice = given;
    run_group(warp, group, slice);
    budget -= given - slice;
    warp.spent += given - slice;
    if (warp.spent >= kSlice) {
      warp.tired |= group.lanes;
      warp.spent = 0;
    }
    if (warp.runnable == 0) release_warp_barriers(warp, false);
  }
}

bool release_warp_barriers(Warp& warp, bool force) {
  bool released = false;
  for (LaneMask todo = warp.at_warp_barrier; todo != 0;) {
    const std::size_t first = first_lane(todo);
    const Instruction& instruction = warp.program().code[warp.pc[first]];
    warp.enter_frame(warp.frame[first]);
    const auto* members = warp.lanes<const LaneMask>(instruction.from[3]);
    const LaneMask group = lanes_where(warp.at_warp_barrier, [&](std::size_t lane) {
      return warp.frame[lane] == warp.frame[first] && warp.pc[lane] == warp.pc[first] &&
             members[lane] == members[first];
    });
    todo &= ~group;
    const bool complete = (members[first] & warp.alive & ~group) == 0;
    if (!complete && (!force || released)) continue;
    if (!complete) {
      report_at(warp, instruction, first, Check::mask,
                "the mask " + hexadecimal(members[first]) + " names lanes that never come: only " +
                    hexadecimal(group) + " are here");
    }
    warp.active = group;
    execute_warp_wide(warp, instruction, group);
    save_pcs(warp, group, warp.pc[first] + 1);
    warp.at_warp_barrier &= ~group;
    warp.runnable |= group;
    released = true;
  }
  return released;
}

Place place_of(const Warp& warp, const Instruction& instruction, std::size_t lane) {
  const LaunchRequest& request = *warp.block->grid->request;
  std::string source = request.program->source(instruction);
  std::uint32_t frame = warp.frame[lane];
  for (int depth = 0; frame != 0 && depth < 8; ++depth) {  // who called
    const std::uint32_t call = warp.frames[frame].return_to - 1;
    source += source.empty() ? "called at " : " called at ";
    source += request.program->source(request.program->code[call]);
    frame = warp.frames[frame].caller;
  }
  const Extent& block = warp.block->index;
  const Extent thread = warp.thread_index(lane);
  return {request.kernel->name,
          {block.x, block.y, block.z},
          {thread.x, thread.y, thread.z},
          std::move(source),
          request.program->disassemble(instruction)};
}

void report_at(const Warp& warp, const Instruction& instruction, std::size_t lane, Check check,
               const std::string& what, Fault fault) {
  const Place place = place_of(warp, instruction, lane);
  report(check, what, &place);
  Fault& current = warp.block->grid->fault;
  if (current == Fault::none) current = fault;
}

}  // namespace emulator
