// SPDX-License-Identifier: MIT
#include "tests/emulator/execution/handlers.h"
#include "tests/emulator/execution/warp.h"

#include <algorithm>
#include <array>
#include <cstring>

namespace emulator {
namespace {

// Which lane a lane reads, and whether it is within its segment (else it reads itself).
struct Source {
  int lane;
  bool valid;
};

enum class Shuffle : std::uint8_t { up, down, butterfly, index };

// As the PTX manual computes it: c holds the clamp (bits 0-4) and the segment mask (bits 8-12).
Source source_of(Shuffle mode, int lane, int b, int c) {
  b &= 31;
  const int clamp = c & 31, segment = (c >> 8) & 31;
  const int highest = (lane & segment) | (clamp & ~segment);
  const int lowest = lane & segment;
  switch (mode) {
    case Shuffle::up:
      return {lane - b, lane - b >= highest};
    case Shuffle::down:
      return {lane + b, lane + b <= highest};
    case Shuffle::butterfly:
      return {lane ^ b, (lane ^ b) <= highest};
    default: {
      const int from = lowest | (b & ~segment);
      return {from, from <= highest};
    }
  }
}

void shuffle(Warp& warp, const Instruction& instruction, LaneMask lanes) {
  std::array<std::uint32_t, kLanes> values;
  std::memcpy(values.data(), warp.lanes<const std::uint32_t>(instruction.from[0]), sizeof values);
  const auto* b = warp.lanes<const std::int32_t>(instruction.from[1]);
  const auto* c = warp.lanes<const std::int32_t>(instruction.from[2]);
  std::array<std::uint32_t, kLanes> results;
  LaneMask valid = 0;
  for (LaneMask rest = lanes; rest != 0; rest &= rest - 1) {
    const int lane = __builtin_ctz(rest);
    const Source source =
        source_of(static_cast<Shuffle>(instruction.operation), lane, b[lane], c[lane]);
    const int from = source.valid ? source.lane : lane;
    if (source.valid) valid |= 1u << lane;
    const bool present = (lanes >> from) & 1;
    if (!present) {
      const Place place = place_of(warp, instruction, lane);
      report(Check::mask,
             "the shuffle reads lane " + std::to_string(from) +
                 ", which does not take part: its value is undefined",
             &place);
    }
    results[static_cast<std::size_t>(lane)] =
        present ? values[static_cast<std::size_t>(from)] : ~0u;
  }
  for (LaneMask rest = lanes; rest != 0; rest &= rest - 1) {
    const auto lane = static_cast<std::size_t>(__builtin_ctz(rest));
    if (instruction.to[0].exists())
      warp.lanes<std::uint32_t>(instruction.to[0])[lane] = results[lane];
  }
  if (instruction.to[1].exists()) {
    LaneMask& predicate = warp.predicate(instruction.to[1]);
    predicate = (predicate & ~lanes) | (valid & lanes);
  }
}

void write_all(Warp& warp, const Operand& to, LaneMask lanes, std::uint32_t value) {
  if (!to.exists()) return;
  for (LaneMask rest = lanes; rest != 0; rest &= rest - 1) {
    warp.lanes<std::uint32_t>(to)[__builtin_ctz(rest)] = value;
  }
}

enum class Vote : std::uint8_t { ballot, any, all, uniform };

void vote(Warp& warp, const Instruction& instruction, LaneMask lanes) {
  LaneMask yes = warp.predicate(instruction.from[0]);
  if (instruction.has(kNegatedPredicate)) yes = ~yes;
  yes &= lanes;
  const auto mode = static_cast<Vote>(instruction.operation);
  if (mode == Vote::ballot) {
    write_all(warp, instruction.to[0], lanes, yes);
    return;
  }
  const bool result = mode == Vote::any   ? yes != 0
                      : mode == Vote::all ? yes == lanes
                                          : yes == lanes || yes == 0;
  if (!instruction.to[0].exists()) return;
  LaneMask& to = warp.predicate(instruction.to[0]);
  to = result ? to | lanes : to & ~lanes;
}

// match.any: the lanes with the same value; match.all: all lanes, if all have the same value.
template <class T, bool all>
void match(Warp& warp, const Instruction& instruction, LaneMask lanes) {
  std::array<T, kLanes> values;
  std::memcpy(values.data(), warp.lanes<const T>(instruction.from[0]), sizeof values);
  LaneMask same_as_all = 0;
  for (LaneMask rest = lanes; rest != 0; rest &= rest - 1) {
    const auto lane = static_cast<std::size_t>(__builtin_ctz(rest));
    LaneMask same = 0;
    for (LaneMask others = lanes; others != 0; others &= others - 1) {
      const auto other = static_cast<std::size_t>(__builtin_ctz(others));
      if (values[other] == values[lane]) same |= 1u << other;
    }
    if (same == lanes) same_as_all = lanes;
    if (instruction.to[0].exists()) {
      warp.lanes<std::uint32_t>(instruction.to[0])[lane] = all && same != lanes ? 0 : same;
    }
  }
  if (instruction.to[1].exists()) {
    LaneMask& predicate = warp.predicate(instruction.to[1]);
    predicate = (predicate & ~lanes) | same_as_all;
  }
}

enum class Reduce : std::uint8_t { add, min, max, and_, or_, xor_ };

template <class T>
T reduced(Reduce operation, T a, T b) {
  switch (operation) {
    case Reduce::add:
      return static_cast<T>(static_cast<std::uint32_t>(a) + static_cast<std::uint32_t>(b));
    case Reduce::min:
      return std::min(a, b);
    case Reduce::max:
      return std::max(a, b);
    case Reduce::and_:
      return a & b;
    case Reduce::or_:
      return a | b;
    default:
      return a ^ b;
  }
}

template <class T>
void reduce(Warp& warp, const Instruction& instruction, LaneMask lanes) {
  const T* values = warp.lanes<const T>(instruction.from[0]);
  T result = values[__builtin_ctz(lanes)];
  for (LaneMask rest = lanes & (lanes - 1); rest != 0; rest &= rest - 1) {
    result =
        reduced(static_cast<Reduce>(instruction.operation), result, values[__builtin_ctz(rest)]);
  }
  write_all(warp, instruction.to[0], lanes, static_cast<std::uint32_t>(result));
}

void meet(Warp&, const Instruction&, LaneMask) {}  // bar.warp.sync: meeting is all it does

// The position in `names` of the first that the statement has; -1 if it has none.
template <std::size_t n>
int position(const Statement& s, const std::array<std::string_view, n>& names) {
  for (std::size_t i = 0; i < n; ++i) {
    if (s.has(names[i])) return static_cast<int>(i);
  }
  return -1;
}

}  // namespace

Handler warp_wide_handler(const Statement& s, Instruction& instruction) {
  static constexpr std::array<std::string_view, 4> kShuffles = {"up", "down", "bfly", "idx"};
  static constexpr std::array<std::string_view, 4> kVotes = {"ballot", "any", "all", "uni"};
  static constexpr std::array<std::string_view, 6> kReductions = {"add", "min", "max",
                                                                  "and", "or",  "xor"};
  const std::string_view base = s.base();
  if (instruction.from[3].width != 4) return nullptr;
  if (base == "bar" || base == "barrier") return meet;
  int operation = 0;
  Handler handler = nullptr;
  if (base == "shfl") {
    operation = position(s, kShuffles);
    handler = s.operands.size() == 5 && width_of(instruction.type) == 4 ? shuffle : nullptr;
  } else if (base == "vote") {
    operation = position(s, kVotes);
    handler = vote;
  } else if (base == "redux") {
    operation = position(s, kReductions);
    handler = instruction.type == Type::s32 ? reduce<std::int32_t>
              : width_of(instruction.type) == 4 && !is_float(instruction.type)
                  ? reduce<std::uint32_t>
                  : nullptr;
  } else if (width_of(instruction.type) == 8) {
    handler = s.has("all") ? match<std::uint64_t, true> : match<std::uint64_t, false>;
  } else if (width_of(instruction.type) == 4) {
    handler = s.has("all") ? match<std::uint32_t, true> : match<std::uint32_t, false>;
  }
  if (operation < 0) return nullptr;
  instruction.operation = static_cast<std::uint8_t>(operation);
  return handler;
}

}  // namespace emulator
