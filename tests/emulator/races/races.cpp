// SPDX-License-Identifier: MIT
#include "tests/emulator/races/races.h"

#include "tests/emulator/execution/access.h"
#include "tests/emulator/memory/memory.h"
#include "tests/emulator/races/race_reports.h"

#include <sys/mman.h>

#include <algorithm>
#include <cstring>
#include <stdexcept>
#include <string>

namespace emulator {
namespace {

constexpr Stamp kLastStamp = 1u << 31;
constexpr std::uint64_t kWords = 2 * Memory::kHalf / 4;  // of the device's address space

// Cells for all of the device's address space; pages appear when they are first written.
Cell* reserve_cells(std::uint64_t count) {
  void* memory = mmap(nullptr, count * sizeof(Cell), PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory == MAP_FAILED) throw std::runtime_error("ptxrun: cannot reserve address space");
  madvise(memory, count * sizeof(Cell), MADV_HUGEPAGE);
  return static_cast<Cell*>(memory);
}

// What tells a synchronising variable from all others of the launch.
std::uint64_t key_of(const CheckedAccess& access, const BlockOrder& block, std::size_t lane) {
  const std::uint64_t address = access.address[lane];
  return access.in_shared ? 1ull << 63 | std::uint64_t{block.number} << 20 | address : address;
}

// Whether the lane writes what memory holds already, or what another lane writes with it.
bool writes_equal_value(const CheckedAccess& access, const Actor& me, const Cell& cell) {
  if (!access.written) return false;
  const std::byte* mine = access.written + std::size_t{me.lane} * access.bytes;
  const std::uint32_t other = cell.write_thread % kLanes;
  const bool together = cell.write_block == me.block && cell.write_thread / kLanes == me.warp &&
                        cell.write_at == access.at &&
                        access.address[other] == access.address[me.lane];
  const std::uint64_t address = access.address[me.lane];
  const std::byte* held = together           ? access.written + std::size_t{other} * access.bytes
                          : access.in_shared ? access.warp.block->shared.data() + address
                                             : Memory::instance().data(address);
  return std::memcmp(mine, held, access.bytes) == 0;
}

bool may_overlap(const CheckedAccess& access, Strength other, bool same_warp) {
  const Strength least = std::min(other, access.strength);
  if (least == Strength::is_volatile && access.in_shared && same_warp) return false;
  return least != Strength::weak;
}

void forget_dates(const CheckedAccess& access, const Cell& cell) {
  const bool dated = cell.readers == Readers::warps && cell.read_stamp >= access.floor;
  if (dated) access.dates.remove(cell.read_members);
}

// From now on the bytes of the word have cells of their own.
void split(const CheckedAccess& access, Cell& word, Cell* bytes) {
  for (int i = 0; i < 4; ++i) {
    bytes[i] = word;
    if (i == 0 || word.readers != Readers::warps || word.read_stamp < access.floor) continue;
    bytes[i].read_members = access.dates.add();
    access.dates[bytes[i].read_members] = access.dates[word.read_members];
  }
  word.split = 1;
}

Actor writer_of(const Cell& cell) {
  constexpr std::uint32_t kWarp = kLanes;
  return {cell.write_block, cell.write_thread / kWarp, cell.write_thread % kWarp};
}

bool read_by_warp(const Cell& cell, const Actor& me) {
  return cell.readers == Readers::lanes && cell.read_block == me.block && cell.read_warp == me.warp;
}

}  // namespace

Races& Races::instance() {
  static Races* const result = new Races;
  return *result;
}

Races::RunningBlock& Races::running(const Block& block) {
  if (&block != last_block_) {
    last_block_ = &block;
    last_ = &blocks_[&block];
  }
  return *last_;
}

void Races::begin_launch(const Grid& grid) {
  if (global_.words && order_.now() > kLastStamp) {  // all that is noted must be older
    munmap(global_.words, kWords * sizeof(Cell));
    munmap(global_.bytes, 4 * kWords * sizeof(Cell));
    global_ = {};
    order_ = {};
  }
  if (!global_.words) global_ = {reserve_cells(kWords), reserve_cells(4 * kWords)};
  global_dates_.clear();
  blocks_.clear();
  last_block_ = nullptr;
  const Extent& block = grid.request->block;
  order_.begin_launch(grid.request->grid.count(),
                      static_cast<std::uint32_t>((block.count() + kLanes - 1) / kLanes));
}

void Races::begin_block(const Block& block) {
  RunningBlock& result = running(block);
  result.words.resize(block.shared_bytes / 4 + 5);
  result.bytes.resize(block.shared_bytes + std::size_t{20});
  result.dates.clear();
  order_.begin_block(result.order, static_cast<std::uint32_t>(block.number),
                     static_cast<std::uint32_t>(block.warps.size()));
}

void Races::access(const Request& request, LaneMask mask,
                   const std::array<std::uint64_t, kLanes>& address, Space space) {
  const Warp& warp = request.warp;
  const Instruction& instruction = request.instruction;
  RunningBlock& block = running(*warp.block);
  const bool in_shared = space == Space::shared;
  const bool strong = request.kind == Access::atomic || instruction.has(kStrong);
  const Strength strength = strong                       ? Strength::strong
                            : instruction.has(kVolatile) ? Strength::is_volatile
                                                         : Strength::weak;
  const auto at = static_cast<std::uint32_t>(&instruction - warp.program().code.data());
  const CheckedAccess access{warp,
                             instruction,
                             address,
                             request.written,
                             at,
                             request.bytes,
                             request.kind,
                             strength,
                             in_shared,
                             in_shared ? block.order.begin : order_.launch(),
                             in_shared ? block.dates : global_dates_};
  if (!in_shared && request.kind == Access::read) {
    const bool synchronising =
        strength != Strength::weak && order_.synchronises(address[first_lane(mask)]);
    order_.note_reading(block.order, warp.number, mask, synchronising);
  }
  for (const std::size_t lane : lanes_of(mask)) {
    check_lane(access, block, static_cast<std::uint32_t>(lane));
  }
  if (strength == Strength::weak) return;
  for (const std::size_t lane : lanes_of(mask)) {
    const std::uint64_t key = key_of(access, block.order, lane);
    if (request.kind != Access::write) order_.strong_read(block.order, warp.number, key);
    if (request.kind != Access::read) order_.strong_write(block.order, warp.number, key);
  }
}

void Races::check_lane(const CheckedAccess& access, RunningBlock& block, std::uint32_t lane) {
  const Actor me{block.order.number, access.warp.number, lane};
  const Cells cells = access.in_shared ? Cells{block.words.data(), block.bytes.data()} : global_;
  const std::uint64_t address = access.address[lane];
  const std::uint64_t offset = access.in_shared ? address : address - Memory::instance().window();
  for (std::uint64_t at = offset; at < offset + access.bytes;) {
    Cell& word = cells.words[at / 4];
    const bool whole = access.bytes >= 4;
    if (whole && !word.split) {
      check_cell(access, block.order, me, word, address + (at - offset), 4);
      at += 4;
      continue;
    }
    if (!word.split) {
      split(access, word, cells.bytes + at / 4 * 4);
    }
    const std::uint32_t count = std::min<std::uint32_t>(access.bytes, 4);
    for (std::uint32_t i = 0; i < count; ++i, ++at) {
      check_cell(access, block.order, me, cells.bytes[at], address + (at - offset), 1);
    }
  }
}

inline void Races::check_cell(const CheckedAccess& access, BlockOrder& block, const Actor& me,
                              Cell& cell, std::uint64_t address, std::uint32_t bytes) {
  if (cell.write_stamp >= access.floor && !write_is_ordered(access, block, me, cell)) {
    const bool guess =
        access.kind == Access::read && access.warp.program().code[cell.write_at].has(kAnyGuess);
    if (!guess) {
      const bool lacks_fence = order_.lacks_fence(block, me, writer_of(cell), cell.write_stamp);
      report_after_write(access, me, cell, address, bytes, lacks_fence);
    }
  } else if (access.kind != Access::read && cell.read_stamp >= access.floor &&
             !may_overlap(access, cell.read_strength, read_by_warp(cell, me)) &&
             !access.instruction.has(kAnyGuess) && !readers_are_before(access, block, me, cell)) {
    report_after_read(access, me, cell, address, bytes);
  }
  if (access.kind == Access::read) {
    note_read(access, block, me, cell);
    return;
  }
  cell.write_stamp = order_.now();
  cell.write_block = me.block;
  cell.write_thread = static_cast<std::uint16_t>(me.warp * kLanes + me.lane);
  cell.write_at = access.at;
  cell.write_strength = access.strength;
  cell.write_in_block = access.kind == Access::atomic && access.instruction.scope == Scope::block;
  forget_dates(access, cell);
  cell.read_stamp = 0;
}

bool Races::write_is_ordered(const CheckedAccess& access, BlockOrder& block, const Actor& me,
                             const Cell& cell) {
  const bool same_block = cell.write_block == me.block;
  if (same_block && cell.write_stamp <= block.together) return true;
  const Actor other = writer_of(cell);
  const bool same_warp = same_block && other.warp == me.warp;
  if (same_warp && other.lane == me.lane) return true;
  const bool narrow = cell.write_in_block ||
                      (access.kind == Access::atomic && access.instruction.scope == Scope::block);
  const bool in_scope = same_block || !narrow;
  if (in_scope && may_overlap(access, cell.write_strength, same_warp)) return true;
  if (order_.before(block, me, other, cell.write_stamp)) return true;
  if (in_scope && cell.write_strength != Strength::weak &&
      order_.observed(block, me.warp, key_of(access, block, me.lane))) {
    return true;
  }
  return access.kind == Access::write && writes_equal_value(access, me, cell);
}

bool Races::readers_are_before(const CheckedAccess& access, BlockOrder& block, const Actor& me,
                               const Cell& cell) {
  const Stamp stamp = cell.read_stamp;
  if (cell.readers == Readers::blocks) {
    const bool synchronising =
        cell.read_strongly != 0 && order_.synchronises(access.address[me.lane]);
    return order_.grid_before(block, me, stamp, synchronising);
  }
  if (cell.read_block == me.block && stamp <= block.together) return true;
  Actor other{cell.read_block, cell.read_warp, 0};
  if (cell.readers == Readers::lanes) {
    return order_.lanes_before(block, me, other, cell.read_members, stamp);
  }
  const ReadDates::Row& dates = access.dates[cell.read_members];
  for (other.warp = 0; other.warp < dates.size(); ++other.warp) {
    const ReadDate& date = dates[other.warp];
    if (date.lanes != 0 && !order_.lanes_before(block, me, other, date.lanes, date.stamp)) {
      return false;
    }
  }
  return true;
}

// Readers that happen before this one need not be kept: who comes after it comes after them.
void Races::note_read(const CheckedAccess& access, BlockOrder& block, const Actor& me, Cell& cell) {
  const Stamp now = order_.now();
  if (cell.read_stamp >= access.floor) {
    const bool only_me = cell.read_members == 1u << me.lane && read_by_warp(cell, me);
    const bool old =
        cell.read_stamp < now &&
        (only_me ? cell.read_stamp <= block.together : readers_are_before(access, block, me, cell));
    if (!old) {
      add_reader(access, me, cell);
      return;
    }
    forget_dates(access, cell);
  }
  cell.read_stamp = now;
  cell.read_at = access.at;
  cell.read_block = me.block;
  cell.read_warp = static_cast<std::uint8_t>(me.warp & 31);
  cell.read_members = 1u << me.lane;
  cell.readers = Readers::lanes;
  cell.read_strength = access.strength;
  cell.read_strongly = access.strength != Strength::weak;
}

void Races::add_reader(const CheckedAccess& access, const Actor& me, Cell& cell) {
  const Stamp now = order_.now();
  cell.read_strength = std::min<Strength>(cell.read_strength, access.strength);
  if (access.strength != Strength::weak) cell.read_strongly = 1;
  const std::uint32_t lane = 1u << me.lane;
  if (cell.readers == Readers::blocks || cell.read_block != me.block) {
    forget_dates(access, cell);
    cell.readers = Readers::blocks;
  } else if (cell.readers == Readers::lanes && cell.read_warp == me.warp) {
    cell.read_members |= lane;
  } else {
    if (cell.readers == Readers::lanes) {
      const std::uint32_t place = access.dates.add();
      access.dates[place][cell.read_warp] = {cell.read_stamp, cell.read_members};
      cell.read_members = place;
      cell.readers = Readers::warps;
    }
    ReadDate& date = access.dates[cell.read_members][me.warp];
    date = {now, date.lanes | lane};
  }
  cell.read_stamp = now;
}

void Races::block_barrier(const Block& block, const std::vector<LaneMask>& lanes) {
  std::uint32_t warps = 0, threads = 0, alive = 0;
  for (std::size_t warp = 0; warp < lanes.size(); ++warp) {
    if (lanes[warp] != 0) warps |= lane_bit(warp);
    threads += count_lanes(lanes[warp]);
    alive += count_lanes(block.warps[warp].alive);
  }
  BlockOrder& order = running(block).order;
  if (threads >= alive)
    order_.block_meets(order);
  else
    order_.warps_meet(order, warps);
}

void Races::warp_barrier(const Warp& warp, LaneMask mask) {
  const LaneMask all = first_lanes(warp.block->threads - warp.number * kLanes);
  order_.lanes_meet(running(*warp.block).order, warp.number, mask, mask == all);
}

void Races::fence(const Warp& warp, Scope scope) {
  order_.fence(running(*warp.block).order, warp.number, scope != Scope::block);
}

void Races::make_barrier(const Warp& warp, std::size_t lane, std::uint64_t barrier) {
  BlockOrder& block = running(*warp.block).order;
  order_.make_barrier(block, {block.number, warp.number, static_cast<std::uint32_t>(lane)},
                      barrier);
}

bool Races::is_made_before(const Warp& warp, std::size_t lane, std::uint64_t barrier) {
  BlockOrder& block = running(*warp.block).order;
  const Arrivals& arrivals = block.arrivals[barrier];
  const Actor me{block.number, warp.number, static_cast<std::uint32_t>(lane)};
  return order_.before(block, me, arrivals.maker, arrivals.made);
}

void Races::arrive_at_barrier(const Warp& warp, std::uint64_t barrier, bool completes) {
  order_.arrive(running(*warp.block).order, warp.number, barrier, completes);
}

void Races::pass_barrier(const Warp& warp, std::uint64_t barrier) {
  order_.pass(running(*warp.block).order, warp.number, barrier);
}

}  // namespace emulator
