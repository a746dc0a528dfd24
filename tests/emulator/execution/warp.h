// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "tests/emulator/execution/launch.h"
#include "tests/emulator/report/report.h"
#include "tests/emulator/program/instruction.h"

namespace emulator {

/// What the blocks of a launch share.
struct Grid {
  const LaunchRequest* request = nullptr;
  const Program* program = nullptr;
  std::vector<std::byte> parameters;
  std::uint64_t grid_barrier = 0;  // device address of the barrier cooperative launches use; 0: none
  Fault fault = Fault::none;
  KernelCounters counters;
};

struct Warp;

/// One thread block: its shared memory and what its warps wait for.
struct Block {
  Grid* grid = nullptr;
  std::uint64_t number = 0;  // x + y * grid.x + z * grid.x * grid.y
  Extent index{0, 0, 0};
  std::uint32_t threads = 0;
  std::vector<std::byte> shared;        // static, then dynamic; padded for vector loads
  std::vector<std::uint8_t> shared_state;  // ByteState of each byte
  std::uint32_t shared_bytes = 0;
  std::vector<std::byte> local;  // [thread][stack_bytes]
  std::uint32_t stack_bytes = 0;
  std::vector<Warp> warps;
};

/// A call in progress, shared by the lanes that made it together.
struct Frame {
  std::uint32_t function = 0;    // index of Program::functions
  std::uint32_t return_to = 0;   // code index
  std::uint32_t caller = 0;      // index of Warp::frames
  std::uint32_t depth = 0;
  std::uint32_t registers = 0;   // byte offset of its register frame
  std::uint32_t local = 0;       // byte offset of its local frame in the thread's stack
  std::uint32_t call_site = 0;   // index of Program::calls
  LaneMask lanes = 0;            // that have not left it
};

/// Why a lane does not run.
enum class Waiting : std::uint8_t { no, block_barrier, warp_barrier };

/// 32 threads and their registers.
struct Warp {
  Block* block = nullptr;
  std::uint32_t number = 0;  // in the block
  LaneMask alive = 0;        // threads that exist and have not left
  LaneMask runnable = 0;     // alive and not waiting
  LaneMask at_block_barrier = 0;
  LaneMask at_warp_barrier = 0;
  LaneMask active = 0;  // the lanes that execute the current instruction, guards aside
  std::array<std::uint32_t, kLanes> pc{};     // code index, valid for lanes not in `active`
  std::array<std::uint32_t, kLanes> frame{};  // index of frames
  std::vector<Frame> frames;
  std::uint32_t current_frame = 0;
  std::vector<std::byte> registers;
  std::byte* bases[2] = {nullptr, nullptr};  // current register frame, the program's constants

  /// The 32 lanes of an operand.
  template <class T>
  T* lanes(Operand operand) const {
    return reinterpret_cast<T*>(bases[operand.place >> 31] +
                                (operand.place & ~Operand::kConstant));
  }
  LaneMask& predicate(Operand operand) const { return *lanes<LaneMask>(operand); }
  const Program& program() const { return *block->grid->program; }
  std::uint32_t thread(int lane) const { return number * kLanes + static_cast<std::uint32_t>(lane); }
};

/// Where a lane is in its kernel, for reports.
Place place_of(const Warp& warp, const Instruction& instruction, int lane);

}  // namespace emulator
