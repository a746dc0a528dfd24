// SPDX-License-Identifier: MIT
// mbarrier: barriers that are 8 bytes of shared memory and count arrivals, phase after phase. What
// cuda::barrier and cuda::pipeline of a block are made of.
#include "tests/emulator/execution/access.h"
#include "tests/emulator/execution/handlers.h"
#include "tests/emulator/execution/lanewise.h"
#include "tests/emulator/report/options.h"

#include <cstring>
#include <string>

namespace emulator {
namespace {

constexpr std::uint32_t kBytes = 8;
constexpr std::uint32_t kCountBits = 20;  // of both counts
constexpr std::uint32_t kMostArrivals = (1u << kCountBits) - 1;
constexpr std::uint32_t kPhaseBits = 23;

/// What the 8 bytes say; the token of an arrival is a copy of them.
struct State {
  std::uint32_t pending = 0;   // arrivals that are missing in this phase
  std::uint32_t expected = 0;  // arrivals of the next phase
  std::uint32_t phase = 0;
  bool valid = false;  // initialised and not invalidated
};

State unpacked(std::uint64_t bits) {
  const auto field = [&](std::uint32_t from, std::uint32_t count) {
    return static_cast<std::uint32_t>(bits >> from & ((1ull << count) - 1));
  };
  return {field(0, kCountBits), field(kCountBits, kCountBits), field(2 * kCountBits, kPhaseBits),
          (bits >> 63) != 0};
}

std::uint64_t packed(const State& state) {
  const std::uint64_t phase = state.phase & ((1u << kPhaseBits) - 1);
  return state.pending | std::uint64_t{state.expected} << kCountBits | phase << 2 * kCountBits |
         std::uint64_t{state.valid} << 63;
}

State read_state(const std::byte* data) {
  std::uint64_t bits;
  std::memcpy(&bits, data, kBytes);
  return unpacked(bits);
}

void write_state(std::byte* data, const State& state) {
  const std::uint64_t bits = packed(state);
  std::memcpy(data, &bits, kBytes);
}

Addresses barrier_addresses(const Warp& warp, const Instruction& instruction, LaneMask mask) {
  return lane_addresses(warp, instruction, mask, 0, instruction.offset);
}

void fail(const Warp& warp, const Instruction& instruction, std::size_t lane,
          const std::string& what) {
  report_at(warp, instruction, lane, Check::barrier, what, Fault::illegal_instruction);
}

// Later uses of the barrier hide from the cells of its bytes who initialised it.
void check_order(const Warp& warp, const Instruction& instruction, std::size_t lane,
                 std::uint64_t barrier) {
  if (options().checks != Checks::all || Races::instance().is_made_before(warp, lane, barrier)) {
    return;
  }
  report_at(warp, instruction, lane, Check::race,
            "there is no order after the initialisation of the mbarrier");
}

// [barrier], arrivals of a phase.
void initialise(Warp& warp, const Instruction& instruction, LaneMask mask) {
  const auto* expected = warp.lanes<const std::uint32_t>(instruction.from[1]);
  const Addresses address = barrier_addresses(warp, instruction, mask);
  const Accessed accessed = resolve({warp, instruction, kBytes, Access::write}, mask);
  for (const std::size_t lane : lanes_of(accessed.mask)) {
    const std::uint32_t count = expected[lane];
    if (count == 0 || count > kMostArrivals) {
      fail(warp, instruction, lane,
           "an mbarrier of " + std::to_string(count) + " arrivals, not 1 to " +
               std::to_string(kMostArrivals));
      return;
    }
    write_state(accessed.data[lane], {count, count, 0, true});
    if (options().checks == Checks::all) Races::instance().make_barrier(warp, lane, address[lane]);
  }
}

// [barrier]
void invalidate(Warp& warp, const Instruction& instruction, LaneMask mask) {
  const Accessed accessed = resolve({warp, instruction, kBytes, Access::write}, mask);
  for (const std::size_t lane : lanes_of(accessed.mask)) write_state(accessed.data[lane], {});
}

// Bits of Instruction::operation.
enum Arrival : std::uint8_t {
  kDrops = 1,       // is not expected in later phases
  kNoComplete = 2,  // never the last of its phase
  kExtra = 4,       // added to those of the phase, and so none of them
};

// Why `count` threads cannot arrive; empty if they can.
std::string objection(const State& state, std::uint32_t count, std::uint8_t arrival) {
  if (!state.valid) return "an mbarrier that is not initialised, or not any more";
  const auto arrivals = [](std::uint32_t n) {
    return std::to_string(n) + (n == 1 ? " arrival" : " arrivals");
  };
  if (count > state.pending || count > kMostArrivals) {
    return arrivals(count) + " at an mbarrier that waits for " + std::to_string(state.pending) +
           " in this phase";
  }
  if ((arrival & kNoComplete) != 0 && count == state.pending) {
    return arrivals(count) + " with .noComplete would complete the phase of the mbarrier";
  }
  const bool drops = (arrival & kDrops) != 0;
  return drops && count > state.expected ? "more threads drop out than are expected" : "";
}

// token = state before, [barrier], count. One lane after the other, the lowest first.
void arrive_at(Warp& warp, const Instruction& instruction, LaneMask mask) {
  const std::uint8_t arrival = instruction.operation;
  const Operand& counts = instruction.from[1];
  const Addresses address = barrier_addresses(warp, instruction, mask);
  const Accessed accessed = resolve({warp, instruction, kBytes, Access::atomic}, mask);
  for (const std::size_t lane : lanes_of(accessed.mask)) {
    State state = read_state(accessed.data[lane]);
    std::uint32_t count = (arrival & kExtra) != 0 ? 0 : 1;
    if (counts.exists()) count = warp.lanes<const std::uint32_t>(counts)[lane];
    if (const std::string why = objection(state, count, arrival); !why.empty()) {
      fail(warp, instruction, lane, why);
      return;
    }
    check_order(warp, instruction, lane, address[lane]);
    write_lane(warp, instruction.to[0], lane, packed(state));
    state.pending -= count;
    if ((arrival & kDrops) != 0) state.expected -= count;
    const bool completes = count != 0 && state.pending == 0;
    if (completes) {
      ++state.phase;
      state.pending = state.expected;
    }
    write_state(accessed.data[lane], state);
    if (options().checks == Checks::all) {
      Races::instance().arrive_at_barrier(warp, address[lane], completes);
    }
  }
}

// The copies are done at once, so that an arrival that is added has nothing to wait for.
void arrive_after_copies(Warp& warp, const Instruction& instruction, LaneMask mask) {
  finish_copies(warp, mask);
  if (warp.block->grid->fault == Fault::none) arrive_at(warp, instruction, mask);
}

// predicate = the phase is complete, [barrier], its token or its parity.
template <bool by_parity>
void test_wait(Warp& warp, const Instruction& instruction, LaneMask mask) {
  const Addresses address = barrier_addresses(warp, instruction, mask);
  const Accessed accessed = resolve({warp, instruction, kBytes, Access::read}, mask);
  LaneMask complete = 0;
  for (const std::size_t lane : lanes_of(accessed.mask)) {
    const State state = read_state(accessed.data[lane]);
    if (!state.valid) {
      fail(warp, instruction, lane, objection(state, 0, 0));
      return;
    }
    check_order(warp, instruction, lane, address[lane]);
    const std::uint64_t asked = read_lane(warp, instruction.from[1], lane);
    const bool done = by_parity ? (state.phase & 1) != (asked & 1)  //
                                : state.phase != unpacked(asked).phase;
    if (!done) continue;
    complete |= lane_bit(lane);
    if (options().checks == Checks::all) Races::instance().pass_barrier(warp, address[lane]);
  }
  write_predicate(warp, instruction.to[0], accessed.mask, complete);
}

void pending_count(Warp& warp, const Instruction& instruction, LaneMask mask) {
  for (const std::size_t lane : lanes_of(mask)) {
    const std::uint64_t token = read_lane(warp, instruction.from[0], lane);
    write_lane(warp, instruction.to[0], lane, unpacked(token).pending);
  }
}

}  // namespace

Handler mbarrier_handler(const Statement& s, Instruction& instruction) {
  if (s.has("pending_count")) return pending_count;
  if (instruction.space != Space::shared || s.has("expect_tx") || s.has("cluster")) return nullptr;
  instruction.scope = Scope::block;
  if (s.has("init")) return initialise;
  if (s.has("inval")) return invalidate;
  instruction.flags |= kStrong;
  if (s.has("test_wait")) return s.has("parity") ? test_wait<true> : test_wait<false>;
  if (s.base() == "cp") {
    if (!s.has("noinc")) instruction.operation = kExtra;
    return arrive_after_copies;
  }
  if (instruction.to[0].exists() && instruction.to[0].width != kBytes) return nullptr;
  if (s.has("arrive_drop")) instruction.operation |= kDrops;
  if (s.has("noComplete")) instruction.operation |= kNoComplete;
  return arrive_at;
}

}  // namespace emulator
