// SPDX-License-Identifier: MIT
#include "tests/emulator/execution/warp.h"

#include "tests/emulator/races/races.h"
#include "tests/emulator/report/options.h"

#include <algorithm>
#include <cstring>

namespace emulator {
namespace {

constexpr std::uint32_t kMaxDepth = 4096;   // of calls
constexpr std::uint64_t kSlice = 1u << 16;  // instructions before another group has its turn

std::string hexadecimal(LaneMask mask) {
  char text[16];
  std::snprintf(text, sizeof text, "0x%08x", mask);
  return text;
}

void enter_frame(Warp& warp, std::uint32_t frame) {
  warp.current_frame = frame;
  warp.bases[0] = warp.registers.data() + warp.frames[frame].registers;
}

void fail(Warp& warp, const Instruction& instruction, LaneMask lanes, Check check,
          const std::string& what, Fault fault) {
  const Place place = place_of(warp, instruction, __builtin_ctz(lanes));
  report(check, what, &place);
  if (warp.block->grid->fault == Fault::none) warp.block->grid->fault = fault;
}

std::byte* local_frame(const Warp& warp, int lane, std::uint32_t offset) {
  const Block& block = *warp.block;
  return const_cast<std::byte*>(block.local.data()) +
         std::size_t{warp.thread(lane)} * block.stack_bytes + offset;
}

// Copies values between the frames of caller and callee, for every lane.
void copy_values(const Warp& warp, LaneMask lanes, std::uint32_t from_frame,
                 const std::vector<Parameter>& from, std::uint32_t to_frame,
                 const std::vector<Parameter>& to, const std::vector<Parameter>& sizes) {
  const std::size_t count = std::min(from.size(), to.size());
  for (LaneMask rest = lanes; rest != 0; rest &= rest - 1) {
    const int lane = __builtin_ctz(rest);
    for (std::size_t i = 0; i < count; ++i) {
      std::memcpy(local_frame(warp, lane, to_frame + to[i].offset),
                  local_frame(warp, lane, from_frame + from[i].offset), sizes[i].bytes);
    }
  }
}

// A frame that no lane uses any more, or a new one.
std::uint32_t new_frame(Warp& warp) {
  for (std::uint32_t i = 1; i < warp.frames.size(); ++i) {
    if (warp.frames[i].lanes == 0) return i;
  }
  warp.frames.emplace_back();
  return static_cast<std::uint32_t>(warp.frames.size() - 1);
}

// The lanes call a function; afterwards their pc is its first instruction.
void call(Warp& warp, const Instruction& instruction, LaneMask lanes, std::uint32_t function_index,
          std::uint32_t return_to) {
  const Program& program = warp.program();
  const Function& function = program.functions[function_index];
  const CallSite& site = program.calls[instruction.target];
  const Frame caller = warp.frames[warp.current_frame];
  const Function& calling = program.functions[caller.function];
  Frame frame;
  frame.function = function_index;
  frame.return_to = return_to;
  frame.caller = warp.current_frame;
  frame.depth = caller.depth + 1;
  frame.registers = caller.registers + (calling.register_bytes + 63) / 64 * 64;
  frame.local = caller.local + calling.local_bytes;
  frame.call_site = instruction.target;
  frame.lanes = lanes;
  if (frame.depth > kMaxDepth || frame.local + function.local_bytes > warp.block->stack_bytes) {
    fail(warp, instruction, lanes, Check::out_of_bounds,
         "the stack of " + std::to_string(warp.block->stack_bytes) + " bytes overflows",
         Fault::illegal_address);
    return;
  }
  const std::size_t needed = frame.registers + std::size_t{function.register_bytes} + 64;
  if (warp.registers.size() < needed) warp.registers.resize(2 * needed);
  copy_values(warp, lanes, caller.local, site.arguments, frame.local, function.parameters,
              function.parameters);
  const std::uint32_t index = new_frame(warp);
  warp.frames[index] = frame;
  for (LaneMask rest = lanes; rest != 0; rest &= rest - 1) {
    const auto lane = static_cast<std::size_t>(__builtin_ctz(rest));
    warp.frame[lane] = index;
    warp.pc[lane] = function.entry;
  }
}

void leave(Warp& warp, LaneMask lanes) {
  Frame& frame = warp.frames[warp.current_frame];
  const Program& program = warp.program();
  const Function& function = program.functions[frame.function];
  const Frame& caller = warp.frames[frame.caller];
  copy_values(warp, lanes, frame.local, function.results, caller.local,
              program.calls[frame.call_site].results, function.results);
  frame.lanes &= ~lanes;
  for (LaneMask rest = lanes; rest != 0; rest &= rest - 1) {
    const auto lane = static_cast<std::size_t>(__builtin_ctz(rest));
    warp.frame[lane] = frame.caller;
    warp.pc[lane] = frame.return_to;
  }
}

void exit_lanes(Warp& warp, LaneMask lanes) {
  warp.alive &= ~lanes;
  warp.runnable &= ~lanes;
}

// Through a function pointer: every callee of the group in its turn.
void call_indirect(Warp& warp, const Instruction& instruction, LaneMask lanes,
                   std::uint32_t return_to) {
  const auto* targets = warp.lanes<const std::uint64_t>(instruction.from[0]);
  const std::vector<Function>& functions = warp.program().functions;
  while (lanes != 0) {
    const std::uint64_t target = targets[__builtin_ctz(lanes)];
    LaneMask same = 0;
    for (LaneMask rest = lanes; rest != 0; rest &= rest - 1) {
      const int lane = __builtin_ctz(rest);
      if (targets[lane] == target) same |= 1u << lane;
    }
    const std::uint64_t index = target & ~kCodeWindow;
    if ((target & kCodeWindow) == 0 || index >= functions.size() || functions[index].is_kernel ||
        !functions[index].unsupported.empty()) {
      fail(warp, instruction, same, Check::out_of_bounds, "a call through a pointer to no function",
           Fault::illegal_instruction);
      return;
    }
    call(warp, instruction, same, static_cast<std::uint32_t>(index), return_to);
    enter_frame(warp, warp.current_frame);  // the registers may have moved
    targets = warp.lanes<const std::uint64_t>(instruction.from[0]);
    lanes &= ~same;
  }
}

// Lanes that execute together: one frame, one pc. `limit` is where others wait to join.
struct Group {
  LaneMask lanes = 0;
  std::uint32_t pc = 0;
  std::uint32_t limit = ~0u;
};

// Deepest call first, then lowest pc: lanes that diverged meet again after the branch. When a
// group has used up its slice (it may be spinning), it is passed over once: it is `tired`.
Group choose_group(const Warp& warp, LaneMask& tired) {
  Group group;
  const LaneMask runnable = warp.runnable;
  if ((runnable & ~tired) == 0) tired = 0;
  const LaneMask eligible = runnable & ~tired;
  auto chosen = static_cast<std::size_t>(__builtin_ctz(eligible));
  for (LaneMask rest = eligible; rest != 0; rest &= rest - 1) {
    const auto lane = static_cast<std::size_t>(__builtin_ctz(rest));
    const std::uint32_t depth = warp.frames[warp.frame[lane]].depth;
    const std::uint32_t best = warp.frames[warp.frame[chosen]].depth;
    if (depth > best || (depth == best && warp.pc[lane] < warp.pc[chosen])) chosen = lane;
  }
  group.pc = warp.pc[chosen];
  const std::uint32_t frame = warp.frame[chosen];
  for (LaneMask rest = runnable; rest != 0; rest &= rest - 1) {
    const auto lane = static_cast<std::size_t>(__builtin_ctz(rest));
    if (warp.frame[lane] != frame) continue;
    if (warp.pc[lane] == group.pc)
      group.lanes |= 1u << lane;
    else if (warp.pc[lane] > group.pc)
      group.limit = std::min(group.limit, warp.pc[lane]);
  }
  return group;
}

void save_pcs(Warp& warp, LaneMask lanes, std::uint32_t pc) {
  for (LaneMask rest = lanes; rest != 0; rest &= rest - 1) {
    warp.pc[static_cast<std::size_t>(__builtin_ctz(rest))] = pc;
  }
}

// Whether the lanes a warp-wide instruction names are all here; reports lanes it does not name.
bool all_present(Warp& warp, const Instruction& instruction, LaneMask lanes) {
  const auto* members = warp.lanes<const LaneMask>(instruction.from[3]);
  bool complete = true;
  for (LaneMask rest = lanes; rest != 0; rest &= rest - 1) {
    const int lane = __builtin_ctz(rest);
    if (!((members[lane] >> lane) & 1)) {
      const Place place = place_of(warp, instruction, lane);
      report(Check::mask,
             "the mask " + hexadecimal(members[lane]) + " does not name the lane that uses it",
             &place);
    }
    complete &= (members[lane] & warp.alive & ~lanes) == 0;
  }
  return complete;
}

// Lanes that name different masks (the tiles of a warp) are groups of their own.
void execute_warp_wide(Warp& warp, const Instruction& instruction, LaneMask lanes) {
  const auto* members = warp.lanes<const LaneMask>(instruction.from[3]);
  while (lanes != 0) {
    const LaneMask mask = members[__builtin_ctz(lanes)];
    LaneMask group = 0;
    for (LaneMask rest = lanes; rest != 0; rest &= rest - 1) {
      const int lane = __builtin_ctz(rest);
      if (members[lane] == mask) group |= 1u << lane;
    }
    instruction.handler(warp, instruction, group);
    if (options().checks == Checks::all) Races::instance().warp_barrier(warp, group);
    lanes &= ~group;
  }
}

// What a control instruction leads to.
enum class Next : std::uint8_t { here, reschedule };

// Executes a control instruction for `lanes` of the active ones; may change pc.
Next control(Warp& warp, const Instruction& instruction, LaneMask lanes, std::uint32_t& pc) {
  const LaneMask others = warp.active & ~lanes;
  switch (instruction.control) {
    case Control::branch:
      if (others == 0) {
        pc = instruction.target;
        return Next::here;
      }
      save_pcs(warp, others, pc + 1);
      save_pcs(warp, lanes, instruction.target);
      return Next::reschedule;
    case Control::branch_indexed: {
      const auto& table = warp.program().branch_tables[instruction.target];
      const auto* index = warp.lanes<const std::uint32_t>(instruction.from[0]);
      save_pcs(warp, others, pc + 1);
      for (LaneMask rest = lanes; rest != 0; rest &= rest - 1) {
        const int lane = __builtin_ctz(rest);
        if (index[lane] >= table.size()) {
          fail(warp, instruction, 1u << lane, Check::out_of_bounds, "a branch past its table",
               Fault::illegal_instruction);
        } else {
          warp.pc[static_cast<std::size_t>(lane)] = table[index[lane]];
        }
      }
      return Next::reschedule;
    }
    case Control::call:
      save_pcs(warp, others, pc + 1);
      call(warp, instruction, lanes, warp.program().calls[instruction.target].function, pc + 1);
      return Next::reschedule;
    case Control::call_indirect:
      save_pcs(warp, others, pc + 1);
      call_indirect(warp, instruction, lanes, pc + 1);
      return Next::reschedule;
    case Control::leave:
      save_pcs(warp, others, pc + 1);
      leave(warp, lanes);
      return Next::reschedule;
    case Control::exit:
      save_pcs(warp, others, pc + 1);
      exit_lanes(warp, lanes);
      return Next::reschedule;
    case Control::trap:
      fail(warp, instruction, lanes, Check::trap, "trap", Fault::trap);
      return Next::reschedule;
    case Control::block_barrier:
      save_pcs(warp, warp.active, pc + 1);
      arrive(warp, instruction, lanes);
      return Next::reschedule;
    case Control::warp_wide:
      if (all_present(warp, instruction, lanes)) {
        execute_warp_wide(warp, instruction, lanes);
        ++pc;
        return Next::here;
      }
      save_pcs(warp, others, pc + 1);
      save_pcs(warp, lanes, pc);
      warp.runnable &= ~lanes;
      warp.at_warp_barrier |= lanes;
      return Next::reschedule;
    case Control::next:
      break;
  }
  return Next::here;
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
        static_cast<std::uint64_t>(__builtin_popcount(lanes));
    --slice;
    if (lanes == 0) {
      ++pc;
    } else if (instruction.control == Control::next) {
      instruction.handler(warp, instruction, lanes);
      ++pc;
      if (grid.fault != Fault::none) return;
    } else if (control(warp, instruction, lanes, pc) == Next::reschedule) {
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
  LaneMask tired = 0;
  std::uint64_t spent = 0;  // since the last change of turns
  while (warp.runnable != 0 && budget != 0 && warp.block->grid->fault == Fault::none) {
    const Group group = choose_group(warp, tired);
    enter_frame(warp, warp.frame[static_cast<std::size_t>(__builtin_ctz(group.lanes))]);
    const std::uint64_t given = std::min(kSlice, budget);
    std::uint64_t slice = given;
    run_group(warp, group, slice);
    budget -= given - slice;
    spent += given - slice;
    if (spent >= kSlice) {
      tired |= group.lanes;
      spent = 0;
    }
    if (warp.runnable == 0) release_warp_barriers(warp, false);
  }
}

bool release_warp_barriers(Warp& warp, bool force) {
  bool released = false;
  LaneMask todo = warp.at_warp_barrier;
  while (todo != 0) {
    const auto first = static_cast<std::size_t>(__builtin_ctz(todo));
    const Instruction& instruction = warp.program().code[warp.pc[first]];
    enter_frame(warp, warp.frame[first]);
    const auto* members = warp.lanes<const LaneMask>(instruction.from[3]);
    const LaneMask wanted = members[first] & warp.alive;
    LaneMask group = 0;
    for (LaneMask rest = warp.at_warp_barrier; rest != 0; rest &= rest - 1) {
      const auto lane = static_cast<std::size_t>(__builtin_ctz(rest));
      if (warp.frame[lane] == warp.frame[first] && warp.pc[lane] == warp.pc[first] &&
          members[lane] == members[first]) {
        group |= 1u << lane;
      }
    }
    todo &= ~group;
    const bool complete = (wanted & ~group) == 0;
    if (!complete && (!force || released)) continue;
    if (!complete) {
      const Place place = place_of(warp, instruction, static_cast<int>(first));
      report(Check::mask,
             "the mask " + hexadecimal(members[first]) + " names lanes that never come: only " +
                 hexadecimal(group) + " are here",
             &place);
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

Place place_of(const Warp& warp, const Instruction& instruction, int lane) {
  const Block& block = *warp.block;
  const LaunchRequest& request = *block.grid->request;
  const std::uint32_t thread = warp.thread(lane);
  Place place;
  place.kernel = request.kernel->name;
  place.block[0] = block.index.x;
  place.block[1] = block.index.y;
  place.block[2] = block.index.z;
  place.thread[0] = thread % request.block.x;
  place.thread[1] = thread / request.block.x % request.block.y;
  place.thread[2] = thread / request.block.x / request.block.y;
  place.source = request.program->source(instruction);
  place.instruction = request.program->disassemble(instruction);
  return place;
}

}  // namespace emulator
