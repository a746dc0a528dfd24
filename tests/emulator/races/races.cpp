// SPDX-License-Identifier: MIT
#include "tests/emulator/races/races.h"

#include "tests/emulator/execution/access.h"
#include "tests/emulator/memory/memory.h"
#include "tests/emulator/races/order.h"
#include "tests/emulator/report/report.h"

#include <sys/mman.h>

#include <algorithm>
#include <cstring>
#include <stdexcept>
#include <string>

namespace emulator {
namespace {

constexpr Stamp kLastStamp = 1u << 31;

// Cells for all of the device's address space; pages appear when they are first written.
Cell* reserve_cells(std::uint64_t count) {
  void* memory = mmap(nullptr, count * sizeof(Cell), PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory == MAP_FAILED) throw std::runtime_error("ptxrun: cannot reserve address space");
  madvise(memory, count * sizeof(Cell), MADV_HUGEPAGE);
  return static_cast<Cell*>(memory);
}

// A block that runs: its clocks and the cells of its shared memory.
struct RunningBlock {
  BlockOrder order;
  std::vector<Cell> words, bytes;
};

// One access of a warp, as far as all its lanes agree.
struct Request {
  const Warp& warp;
  const Instruction& instruction;
  const std::array<std::uint64_t, kLanes>& address;
  const std::byte* written;
  std::uint32_t at;  // index of Program::code
  std::uint32_t bytes;
  Access kind;
  Strength strength;
  bool in_shared;
  Stamp floor;  // nothing earlier counts
};

class Checker {
 public:
  Order order;

  RunningBlock& running(const Block& block) {
    if (&block != last_block_) {
      last_block_ = &block;
      last_ = &blocks_[&block];
    }
    return *last_;
  }
  void begin_launch(const Grid& grid);
  void begin_block(const Block& block);
  void check(const Request& request, LaneMask mask);

 private:
  void check_lane(const Request& request, RunningBlock& block, std::uint32_t lane);
  void check_cell(const Request& request, BlockOrder& block, const Actor& me, Cell& cell,
                  std::uint64_t address, std::uint32_t bytes);
  bool write_is_ordered(const Request& request, BlockOrder& block, const Actor& me,
                        const Cell& cell);
  bool readers_are_ordered(const Request& request, BlockOrder& block, const Actor& me,
                           const Cell& cell);
  void note_read(const Request& request, BlockOrder& block, const Actor& me, Cell& cell);
  Cells cells_of(const Request& request, RunningBlock& block) const {
    if (request.in_shared) return {block.words.data(), block.bytes.data()};
    return global_;
  }

  Cells global_;
  std::unordered_map<const Block*, RunningBlock> blocks_;
  const Block* last_block_ = nullptr;
  RunningBlock* last_ = nullptr;
};

Checker& checker() {
  static Checker* const result = new Checker;
  return *result;
}

std::string triple(std::uint32_t x, std::uint32_t y, std::uint32_t z) {
  std::string text("(");
  return text.append(std::to_string(x) + "," + std::to_string(y) + "," + std::to_string(z) + ")");
}

std::string triple(std::uint64_t number, const Extent& extent) {
  return triple(static_cast<std::uint32_t>(number % extent.x),
                static_cast<std::uint32_t>(number / extent.x % extent.y),
                static_cast<std::uint32_t>(number / extent.x / extent.y));
}

std::string place_of_code(const Request& request, std::uint32_t at) {
  const Program& program = request.warp.program();
  const std::string source = program.source(program.code[at]);
  return source.empty() ? "" : " at " + source;
}

void report_race(const Request& request, const Actor& me, std::uint64_t address,
                 std::uint32_t bytes, const std::string& other) {
  const Place place = place_of(request.warp, request.instruction, static_cast<int>(me.lane));
  const char* what = request.kind == Access::read    ? "read of "
                     : request.kind == Access::write ? "write of "
                                                     : "atomic on ";
  report(Check::race,
         what +
             (request.in_shared ? describe_shared(request.warp, address)
                                : Memory::instance().describe(address, bytes)) +
             " without an order after " + other,
         &place);
}

void report_after_write(const Request& request, const Actor& me, const Cell& cell,
                        std::uint64_t address, std::uint32_t bytes) {
  const LaunchRequest& launch = *request.warp.block->grid->request;
  report_race(request, me, address, bytes,
              "the write by thread " + triple(cell.write_thread, launch.block) + " of block " +
                  triple(cell.write_block, launch.grid) + place_of_code(request, cell.write_at));
}

void report_after_read(const Request& request, const Actor& me, const Cell& cell,
                       std::uint64_t address, std::uint32_t bytes) {
  const LaunchRequest& launch = *request.warp.block->grid->request;
  std::string readers = "the reads by several blocks";
  if (cell.readers == Readers::lanes) {
    std::uint32_t others = cell.read_members;
    if (cell.read_block == me.block && cell.read_warp == me.warp) others &= ~(1u << me.lane);
    const auto lane = static_cast<std::uint64_t>(__builtin_ctz(others));
    readers = "the read by thread " + triple(cell.read_warp * 32u + lane, launch.block) +
              " of block " + triple(cell.read_block, launch.grid);
  } else if (cell.readers == Readers::warps) {
    readers = "the reads by several warps of block " + triple(cell.read_block, launch.grid);
  }
  report_race(request, me, address, bytes, readers + place_of_code(request, cell.read_at));
}

// Whether the lane writes what memory holds already, or what another lane writes with it.
bool writes_equal_value(const Request& request, const Actor& me, const Cell& cell) {
  if (!request.written) return false;
  const std::byte* mine = request.written + std::size_t{me.lane} * request.bytes;
  const std::uint32_t other = cell.write_thread % kLanes;
  const bool together = cell.write_block == me.block && cell.write_thread / kLanes == me.warp &&
                        cell.write_at == request.at &&
                        request.address[other] == request.address[me.lane];
  const std::uint64_t address = request.address[me.lane];
  const std::byte* held = together            ? request.written + std::size_t{other} * request.bytes
                          : request.in_shared ? request.warp.block->shared.data() + address
                                              : Memory::instance().data(address);
  return std::memcmp(mine, held, request.bytes) == 0;
}

bool may_overlap(const Request& request, Strength other, bool same_warp) {
  const Strength least = std::min(other, request.strength);
  if (least == Strength::is_volatile && request.in_shared && same_warp) return false;
  return least != Strength::weak;
}

void Checker::begin_launch(const Grid& grid) {
  if (!global_.words) {
    global_.words = reserve_cells(2 * Memory::kHalf / 4);
    global_.bytes = reserve_cells(2 * Memory::kHalf);
  }
  if (order.now() > kLastStamp) {  // all that is noted is older than any new stamp must be
    munmap(global_.words, 2 * Memory::kHalf / 4 * sizeof(Cell));
    munmap(global_.bytes, 2 * Memory::kHalf * sizeof(Cell));
    global_.words = reserve_cells(2 * Memory::kHalf / 4);
    global_.bytes = reserve_cells(2 * Memory::kHalf);
    order = {};
  }
  blocks_.clear();
  last_block_ = nullptr;
  const Extent& block = grid.request->block;
  order.begin_launch(grid.request->grid.count(),
                     static_cast<std::uint32_t>((block.count() + kLanes - 1) / kLanes));
}

void Checker::begin_block(const Block& block) {
  RunningBlock& result = running(block);
  result.words.resize(block.shared_bytes / 4 + 5);
  result.bytes.resize(block.shared_bytes + std::size_t{20});
  order.begin_block(result.order, static_cast<std::uint32_t>(block.number),
                    static_cast<std::uint32_t>(block.warps.size()));
}

void Checker::check(const Request& request, LaneMask mask) {
  RunningBlock& block = running(*request.warp.block);
  if (!request.in_shared) order.touches(block.order, request.warp.number);
  for (LaneMask rest = mask; rest != 0; rest &= rest - 1) {
    check_lane(request, block, static_cast<std::uint32_t>(__builtin_ctz(rest)));
  }
  if (request.strength == Strength::weak) return;
  for (LaneMask rest = mask; rest != 0; rest &= rest - 1) {
    const std::uint64_t address = request.address[static_cast<std::size_t>(__builtin_ctz(rest))];
    const std::uint64_t key = request.in_shared
                                  ? 1ull << 63 | std::uint64_t{block.order.number} << 20 | address
                                  : address;
    if (request.kind != Access::write) order.strong_read(block.order, request.warp.number, key);
    if (request.kind != Access::read) order.strong_write(block.order, request.warp.number, key);
  }
}

void Checker::check_lane(const Request& request, RunningBlock& block, std::uint32_t lane) {
  const Actor me{block.order.number, request.warp.number, lane};
  const Cells cells = cells_of(request, block);
  const std::uint64_t address = request.address[lane];
  const std::uint64_t offset = request.in_shared ? address : address - Memory::instance().window();
  for (std::uint64_t at = offset; at < offset + request.bytes;) {
    Cell& word = cells.words[at / 4];
    const bool whole = request.bytes >= 4;
    if (whole && !word.split) {
      check_cell(request, block.order, me, word, address + (at - offset), 4);
      at += 4;
      continue;
    }
    if (!word.split) {
      for (std::uint64_t i = 0; i < 4; ++i) cells.bytes[at / 4 * 4 + i] = word;
      word.split = 1;
    }
    const std::uint32_t count = std::min<std::uint32_t>(request.bytes, 4);
    for (std::uint32_t i = 0; i < count; ++i, ++at) {
      check_cell(request, block.order, me, cells.bytes[at], address + (at - offset), 1);
    }
  }
}

inline void Checker::check_cell(const Request& request, BlockOrder& block, const Actor& me,
                                Cell& cell, std::uint64_t address, std::uint32_t bytes) {
  if (cell.write_stamp >= request.floor && !write_is_ordered(request, block, me, cell)) {
    report_after_write(request, me, cell, address, bytes);
  } else if (request.kind != Access::read && cell.read_stamp >= request.floor &&
             !readers_are_ordered(request, block, me, cell)) {
    report_after_read(request, me, cell, address, bytes);
  }
  if (request.kind == Access::read) {
    note_read(request, block, me, cell);
    return;
  }
  cell.write_stamp = order.now();
  cell.write_block = me.block;
  cell.write_thread = static_cast<std::uint16_t>(me.warp * kLanes + me.lane);
  cell.write_at = request.at;
  cell.write_strength = request.strength;
  cell.write_in_block = request.kind == Access::atomic && request.instruction.scope == Scope::block;
  cell.read_stamp = 0;
}

bool Checker::write_is_ordered(const Request& request, BlockOrder& block, const Actor& me,
                               const Cell& cell) {
  const bool same_block = cell.write_block == me.block;
  if (same_block && cell.write_stamp <= block.together) return true;
  const Actor other{cell.write_block, cell.write_thread / std::uint32_t{kLanes},
                    cell.write_thread % std::uint32_t{kLanes}};
  const bool same_warp = same_block && other.warp == me.warp;
  if (same_warp && other.lane == me.lane) return true;
  const bool narrow = cell.write_in_block ||
                      (request.kind == Access::atomic && request.instruction.scope == Scope::block);
  if (may_overlap(request, cell.write_strength, same_warp) && (same_block || !narrow)) return true;
  if (order.before(block, me, other, cell.write_stamp)) return true;
  return request.kind == Access::write && writes_equal_value(request, me, cell);
}

bool Checker::readers_are_ordered(const Request& request, BlockOrder& block, const Actor& me,
                                  const Cell& cell) {
  const Stamp stamp = cell.read_stamp;
  const bool same_block = cell.readers != Readers::blocks && cell.read_block == me.block;
  if (same_block && stamp <= block.together) return true;
  const bool same_warp = same_block && cell.readers == Readers::lanes && cell.read_warp == me.warp;
  if (same_warp && cell.read_members == 1u << me.lane) return true;
  if (may_overlap(request, cell.read_strength, same_warp)) return true;
  if (cell.readers == Readers::blocks) return order.grid_before(block, me, stamp);
  for (std::uint32_t rest = cell.read_members; rest != 0; rest &= rest - 1) {
    const auto member = static_cast<std::uint32_t>(__builtin_ctz(rest));
    const bool ordered =
        cell.readers == Readers::lanes
            ? order.before(block, me, {cell.read_block, cell.read_warp, member}, stamp)
            : order.warp_before(block, me, {cell.read_block, member, 0}, stamp);
    if (!ordered) return false;
  }
  return true;
}

// Readers that happen before this one need not be kept: who comes after it comes after them.
void Checker::note_read(const Request& request, BlockOrder& block, const Actor& me, Cell& cell) {
  const std::uint32_t lane = 1u << me.lane, warp = 1u << me.warp;
  const bool same_block = cell.readers != Readers::blocks && cell.read_block == me.block;
  const bool old = cell.read_stamp < request.floor ||
                   (same_block && cell.read_stamp <= block.together) ||
                   (cell.readers == Readers::blocks && cell.read_stamp <= block.grid_known) ||
                   (cell.readers == Readers::lanes && !same_block &&
                    readers_are_ordered(request, block, me, cell));
  cell.read_stamp = order.now();
  cell.read_at = request.at;
  if (old) {
    cell.read_block = me.block;
    cell.read_warp = static_cast<std::uint8_t>(me.warp & 31);
    cell.read_members = lane;
    cell.readers = Readers::lanes;
    cell.read_strength = request.strength;
    return;
  }
  cell.read_strength = std::min<Strength>(cell.read_strength, request.strength);
  if (!same_block) {
    cell.readers = Readers::blocks;
  } else if (cell.readers == Readers::warps) {
    cell.read_members |= warp;
  } else if (cell.read_warp == me.warp) {
    cell.read_members |= lane;
  } else {
    cell.readers = Readers::warps;
    cell.read_members = warp | 1u << cell.read_warp;
  }
}

}  // namespace

Races& Races::instance() {
  static Races* const result = new Races;
  return *result;
}

void Races::begin_launch(const Grid& grid) { checker().begin_launch(grid); }

void Races::begin_block(const Block& block) { checker().begin_block(block); }

void Races::end_launch() {}

void Races::access(const Warp& warp, const Instruction& instruction, LaneMask mask,
                   const std::array<std::uint64_t, kLanes>& address, int bytes, Access kind,
                   Space space, const std::byte* written) {
  Checker& all = checker();
  const bool in_shared = space == Space::shared;
  const Strength strength = kind == Access::atomic || instruction.has(kStrong) ? Strength::strong
                            : instruction.has(kVolatile) ? Strength::is_volatile
                                                         : Strength::weak;
  const Stamp floor = in_shared ? all.running(*warp.block).order.begin : all.order.launch();
  const auto at = static_cast<std::uint32_t>(&instruction - warp.program().code.data());
  all.check({warp, instruction, address, written, at, static_cast<std::uint32_t>(bytes), kind,
             strength, in_shared, floor},
            mask);
}

void Races::block_barrier(const Block& block, const std::vector<LaneMask>& lanes) {
  Checker& all = checker();
  std::uint32_t warps = 0, threads = 0, alive = 0;
  for (std::size_t warp = 0; warp < lanes.size(); ++warp) {
    if (lanes[warp] != 0) warps |= 1u << warp;
    threads += static_cast<std::uint32_t>(__builtin_popcount(lanes[warp]));
    alive += static_cast<std::uint32_t>(__builtin_popcount(block.warps[warp].alive));
  }
  BlockOrder& order = all.running(block).order;
  if (threads >= alive)
    all.order.block_meets(order);
  else
    all.order.warps_meet(order, warps);
}

void Races::warp_barrier(const Warp& warp, LaneMask mask) {
  const std::uint32_t threads = warp.block->threads - warp.number * kLanes;
  const LaneMask all_lanes = threads >= kLanes ? kAllLanes : (1u << threads) - 1;
  checker().order.lanes_meet(checker().running(*warp.block).order, warp.number, mask,
                             mask == all_lanes);
}

void Races::fence(const Warp& warp, LaneMask, Scope scope) {
  checker().order.fence(checker().running(*warp.block).order, warp.number, scope != Scope::block);
}

}  // namespace emulator
