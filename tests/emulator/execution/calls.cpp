// SPDX-License-Identifier: MIT
#include "tests/emulator/execution/lanes.h"
#include "tests/emulator/execution/warp.h"

#include <algorithm>
#include <cstring>

namespace emulator {
namespace {

constexpr std::uint32_t kMaxDepth = 4096;  // of calls

// Copies values between the frames of caller and callee, with the states of their bytes.
void copy_values(Warp& warp, LaneMask lanes, std::uint32_t from_frame,
                 const std::vector<Parameter>& from, std::uint32_t to_frame,
                 const std::vector<Parameter>& to, const std::vector<Parameter>& sizes) {
  Block& block = *warp.block;
  const std::size_t count = std::min(from.size(), to.size());
  for (const std::size_t lane : lanes_of(lanes)) {
    for (std::size_t i = 0; i < count; ++i) {
      const std::size_t source = warp.local_place(lane, from_frame + from[i].offset);
      const std::size_t target = warp.local_place(lane, to_frame + to[i].offset);
      std::memcpy(&block.local[target], &block.local[source], sizes[i].bytes);
      if (!block.local_state.empty()) {
        std::memcpy(&block.local_state[target], &block.local_state[source], sizes[i].bytes);
      }
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

void call_function(Warp& warp, const Instruction& instruction, LaneMask lanes,
                   std::uint32_t function_index, std::uint32_t return_to) {
  const Program& program = warp.program();
  const Function& function = program.functions[function_index];
  const CallSite& site = program.calls[instruction.target];
  const Frame caller = warp.frames[warp.current_frame];
  Frame frame;
  frame.function = function_index;
  frame.return_to = return_to;
  frame.caller = warp.current_frame;
  frame.depth = caller.depth + 1;
  // Lanes that are elsewhere keep the registers of their frames: those of another function would
  // lie across them.
  for (const Frame& other : warp.frames) {
    if (other.lanes == 0) continue;
    const std::uint32_t bytes = program.functions[other.function].register_bytes;
    frame.registers = std::max(frame.registers, other.registers + (bytes + 63) / 64 * 64);
  }
  frame.local = caller.local + program.functions[caller.function].local_bytes;
  frame.call_site = instruction.target;
  frame.lanes = lanes;
  if (frame.depth > kMaxDepth || frame.local + function.local_bytes > warp.block->stack_bytes) {
    report_at(warp, instruction, first_lane(lanes), Check::out_of_bounds,
              "the stack of " + std::to_string(warp.block->stack_bytes) + " bytes overflows",
              Fault::illegal_address);
    return;
  }
  const std::size_t needed = frame.registers + std::size_t{function.register_bytes} + 64;
  if (warp.registers.size() < needed) {
    warp.registers.resize(2 * needed);
    warp.enter_frame(warp.current_frame);  // they may have moved
  }
  mark_local(warp, lanes, frame.local, function.local_bytes, kAllocated);
  copy_values(warp, lanes, caller.local, site.arguments, frame.local, function.parameters,
              function.parameters);
  const std::uint32_t index = new_frame(warp);
  warp.frames[index] = frame;
  for (const std::size_t lane : lanes_of(lanes)) {
    warp.frame[lane] = index;
    warp.pc[lane] = function.entry;
  }
}

}  // namespace

void mark_local(Warp& warp, LaneMask lanes, std::uint32_t offset, std::uint32_t bytes,
                ByteState state) {
  std::vector<std::uint8_t>& states = warp.block->local_state;
  if (states.empty() || bytes == 0) return;
  for (const std::size_t lane : lanes_of(lanes)) {
    std::memset(&states[warp.local_place(lane, offset)], state, bytes);
  }
}

void call(Warp& warp, const Instruction& instruction, LaneMask lanes, std::uint32_t return_to) {
  if (instruction.control == Control::call) {
    const std::uint32_t function = warp.program().calls[instruction.target].function;
    call_function(warp, instruction, lanes, function, return_to);
    return;
  }
  // Through a function pointer: every callee of the group in its turn.
  const std::vector<Function>& functions = warp.program().functions;
  while (lanes != 0) {
    const auto* targets = warp.lanes<const std::uint64_t>(instruction.from[0]);
    const std::uint64_t target = targets[first_lane(lanes)];
    const LaneMask same =
        lanes_where(lanes, [&](std::size_t lane) { return targets[lane] == target; });
    const std::uint64_t index = target & ~kCodeWindow;
    if ((target & kCodeWindow) == 0 || index >= functions.size() || functions[index].is_kernel ||
        !functions[index].unsupported.empty()) {
      report_at(warp, instruction, first_lane(same), Check::out_of_bounds,
                "a call through a pointer to no function", Fault::illegal_instruction);
      return;
    }
    call_function(warp, instruction, same, static_cast<std::uint32_t>(index), return_to);
    lanes &= ~same;
  }
}

void leave(Warp& warp, LaneMask lanes) {
  Frame& frame = warp.frames[warp.current_frame];
  const Program& program = warp.program();
  const Function& function = program.functions[frame.function];
  const Frame& caller = warp.frames[frame.caller];
  copy_values(warp, lanes, frame.local, function.results, caller.local,
              program.calls[frame.call_site].results, function.results);
  mark_local(warp, lanes, frame.local, function.local_bytes, kNoMemory);
  frame.lanes &= ~lanes;
  for (const std::size_t lane : lanes_of(lanes)) {
    warp.frame[lane] = frame.caller;
    warp.pc[lane] = frame.return_to;
  }
}

}  // namespace emulator
