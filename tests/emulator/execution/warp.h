// SPDX-License-Identifier: MIT
#pragma once

#include "tests/emulator/execution/launch.h"
#include "tests/emulator/memory/memory.h"
#include "tests/emulator/program/instruction.h"
#include "tests/emulator/report/report.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace emulator {

/// What the blocks of a launch share.
struct Grid {
  const LaunchRequest* request = nullptr;
  const Program* program = nullptr;
  std::vector<std::byte> parameters;
  std::uint64_t grid_barrier = 0;  // device address of what cooperative launches count in; 0: none
  Fault fault = Fault::none;
  KernelCounters counters;
};

struct Warp;

/// One of a block's 16 barriers while threads wait at it.
struct Barrier {
  const Instruction* first = nullptr;  // that of the first arrival; nullptr: nobody is there
  std::uint32_t count = 0;             // threads it waits for; 0: all of the block
  bool diverged = false;               // arrivals at different instructions
  std::vector<LaneMask> arrived;       // by warp; the lanes of bar.arrive too
  std::vector<LaneMask> waiting;       // by warp
  std::uint32_t votes = 0;             // reductions: threads whose predicate is true
};

/// One thread block: its shared memory and what its warps wait for.
struct Block {
  Grid* grid = nullptr;
  std::uint64_t number = 0;  // x + y * grid.x + z * grid.x * grid.y
  Extent index{0, 0, 0};
  std::uint32_t threads = 0;
  std::vector<std::byte> shared;           // static, then dynamic; padded for vector loads
  std::vector<std::uint8_t> shared_state;  // ByteState of each byte
  std::uint32_t shared_bytes = 0;
  std::vector<std::byte> local;           // [thread][stack_bytes]
  std::vector<std::uint8_t> local_state;  // ByteState of each byte, unless nothing is checked
  std::uint32_t stack_bytes = 0;
  std::vector<Warp> warps;
  std::array<Barrier, 16> barriers;
  bool finished = false;
};

/// A call in progress, shared by the lanes that made it together.
struct Frame {
  std::uint32_t function = 0;   // index of Program::functions
  std::uint32_t return_to = 0;  // code index
  std::uint32_t caller = 0;     // index of Warp::frames
  std::uint32_t depth = 0;
  std::uint32_t registers = 0;  // byte offset of its register frame
  std::uint32_t local = 0;      // byte offset of its local frame in the thread's stack
  std::uint32_t call_site = 0;  // index of Program::calls
  LaneMask lanes = 0;           // that have not left it
};

/// A cp.async whose bytes have been read but not arrived in shared memory.
struct PendingCopy {
  const Instruction* instruction = nullptr;
  LaneMask lanes = 0;
  std::uint32_t bytes = 0;                    // of a lane
  std::array<std::uint32_t, kLanes> group{};  // of its lane
  std::array<std::uint64_t, kLanes> to{};     // offsets in shared memory
  std::array<std::byte, kLanes * 16> data{};  // bytes after bytes
};

/// 32 threads and their registers.
struct Warp {
  Block* block = nullptr;
  std::uint32_t number = 0;  // in the block
  LaneMask alive = 0;        // threads that exist and have not left
  LaneMask runnable = 0;     // alive and not waiting
  LaneMask at_block_barrier = 0;
  LaneMask at_warp_barrier = 0;
  LaneMask carry = 0;       // of add.cc and its like
  LaneMask active = 0;      // the lanes that execute the current instruction, guards aside
  LaneMask tired = 0;       // those that may be spinning: the others have their turn first
  std::uint64_t spent = 0;  // instructions since the last change of turns
  std::array<std::uint32_t, kLanes> pc{};     // code index, valid for lanes not in `active`
  std::array<std::uint32_t, kLanes> frame{};  // index of frames
  std::vector<Frame> frames;
  std::uint32_t current_frame = 0;
  std::vector<PendingCopy> pending_copies;
  std::vector<std::byte> registers;
  std::byte* bases[2] = {nullptr, nullptr};  // current register frame, the program's constants
  std::array<std::uint32_t, kLanes> copy_group{};  // cp.async: number of the open group

  /// The 32 lanes of an operand.
  template <class T>
  T* lanes(Operand operand) const {
    return reinterpret_cast<T*>(bases[operand.place >> 31] + (operand.place & ~Operand::kConstant));
  }
  LaneMask& predicate(Operand operand) const { return *lanes<LaneMask>(operand); }
  const Program& program() const { return *block->grid->program; }
  /// The number of a lane's thread in the block, and its index.
  std::uint32_t thread(std::size_t lane) const {
    return number * kLanes + static_cast<std::uint32_t>(lane);
  }
  Extent thread_index(std::size_t lane) const {
    return block->grid->request->block.index_of(thread(lane));
  }
  /// Where `offset` of a thread's stack lies in Block::local.
  std::size_t local_place(std::size_t lane, std::uint32_t offset) const {
    return std::size_t{thread(lane)} * block->stack_bytes + offset;
  }
  void enter_frame(std::uint32_t index) {
    current_frame = index;
    bases[0] = registers.data() + frames[index].registers;
  }
};

/// Runs a warp until all its lanes have left or wait, or `budget` instructions are used up.
void run_warp(Warp& warp, std::uint64_t& budget);
/// The lanes call the function of a call instruction, or leave the one they are in; afterwards
/// their pc is where they go on (execution/calls.cpp).
void call(Warp& warp, const Instruction& instruction, LaneMask lanes, std::uint32_t return_to);
void leave(Warp& warp, LaneMask lanes);
/// Says what a part of the threads' stacks is from now on.
void mark_local(Warp& warp, LaneMask lanes, std::uint32_t offset, std::uint32_t bytes,
                ByteState state);
/// Lets go on the lanes whose warp barrier is complete; true if there were any. With `force`,
/// nothing else can run any more: reports the lanes that never come and goes on without them.
bool release_warp_barriers(Warp& warp, bool force);
/// Threads arrive at a block barrier (execution/barriers.cpp).
void arrive(Warp& warp, const Instruction& instruction, LaneMask lanes);
/// Opens the barriers at which everyone has arrived who has not left; true if there were any.
bool release_block_barriers(Block& block);

/// All that the lanes copy with cp.async arrives in shared memory (execution/copies.cpp).
void finish_copies(Warp& warp, LaneMask mask);

/// Where a lane is in its kernel, for reports.
Place place_of(const Warp& warp, const Instruction& instruction, std::size_t lane);
/// Reports what a lane did wrong; a fault stops the launch.
void report_at(const Warp& warp, const Instruction& instruction, std::size_t lane, Check check,
               const std::string& what, Fault fault = Fault::none);

}  // namespace emulator
