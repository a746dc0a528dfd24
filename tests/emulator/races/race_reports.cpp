// SPDX-License-Identifier: MIT
#include "tests/emulator/races/race_reports.h"

#include "tests/emulator/execution/access.h"
#include "tests/emulator/execution/lanes.h"
#include "tests/emulator/memory/memory.h"

#include <string>

namespace emulator {
namespace {

// The index of that number, as "(x,y,z)".
std::string triple(std::uint64_t number, const Extent& extent) {
  const Extent index = extent.index_of(number);
  return std::string("(").append(std::to_string(index.x) + "," + std::to_string(index.y) + "," +
                                 std::to_string(index.z) + ")");
}

std::string place_of_code(const CheckedAccess& access, std::uint32_t at) {
  const Program& program = access.warp.program();
  const std::string source = program.source(program.code[at]);
  return source.empty() ? "" : " at " + source;
}

void report_race(const CheckedAccess& access, const Actor& me, std::uint64_t address,
                 std::uint32_t bytes, const std::string& other) {
  const char* what = access.kind == Access::read    ? "read of "
                     : access.kind == Access::write ? "write of "
                                                    : "atomic on ";
  const std::string where = access.in_shared ? describe_shared(access.warp, address)
                                             : Memory::instance().describe(address, bytes);
  report_at(access.warp, access.instruction, me.lane, Check::race,
            what + where + " without an order after " + other);
}

}  // namespace

void report_after_write(const CheckedAccess& access, const Actor& me, const Cell& cell,
                        std::uint64_t address, std::uint32_t bytes, bool lacks_fence) {
  const LaunchRequest& launch = *access.warp.block->grid->request;
  report_race(access, me, address, bytes,
              "the write by thread " + triple(cell.write_thread, launch.block) + " of block " +
                  triple(cell.write_block, launch.grid) + place_of_code(access, cell.write_at) +
                  (lacks_fence ? ": the writer's side has its fence, a second __threadfence() is "
                                 "missing here, after the atomic that saw it"
                               : ""));
}

void report_after_read(const CheckedAccess& access, const Actor& me, const Cell& cell,
                       std::uint64_t address, std::uint32_t bytes) {
  const LaunchRequest& launch = *access.warp.block->grid->request;
  std::string readers = "the reads by several blocks";
  if (cell.readers == Readers::lanes) {
    std::uint32_t others = cell.read_members;
    if (cell.read_block == me.block && cell.read_warp == me.warp) others &= ~lane_bit(me.lane);
    const std::size_t lane = first_lane(others);
    readers = "the read by thread " + triple(cell.read_warp * 32u + lane, launch.block) +
              " of block " + triple(cell.read_block, launch.grid);
  } else if (cell.readers == Readers::warps) {
    readers = "the reads by several warps of block " + triple(cell.read_block, launch.grid);
  }
  report_race(access, me, address, bytes, readers + place_of_code(access, cell.read_at));
}

}  // namespace emulator
