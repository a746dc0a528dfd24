// SPDX-License-Identifier: MIT
#include "tests/emulator/execution/handlers.h"
#include "tests/emulator/execution/lanewise.h"

#include <algorithm>
#include <array>
#include <type_traits>

namespace emulator {
namespace {

template <class T>
std::array<T, kLanes> copy_of(const Warp& warp, const Operand& operand) {
  std::array<T, kLanes> values;
  std::memcpy(values.data(), warp.lanes<const T>(operand), sizeof values);
  return values;
}

// Which lane a lane reads, and whether it is within its segment (else it reads itself).
struct Source {
  int lane;
  bool valid;
};

// F gives it as the PTX manual computes it, from the lane, b, and the clamp (bits 0-4) and the
// segment mask (bits 8-12) of c.
template <class F>
Handler shuffle(F) {
  return [](Warp& warp, const Instruction& instruction, LaneMask lanes) {
    constexpr F f;
    const auto values = copy_of<std::uint32_t>(warp, instruction.from[0]);
    const auto b = copy_of<int>(warp, instruction.from[1]);
    const auto c = copy_of<int>(warp, instruction.from[2]);
    LaneMask valid = 0;
    for (const std::size_t lane : lanes_of(lanes)) {
      const Source source =
          f(static_cast<int>(lane), b[lane] & 31, c[lane] & 31, (c[lane] >> 8) & 31);
      const std::size_t from = source.valid ? static_cast<std::size_t>(source.lane) : lane;
      if (source.valid) valid |= lane_bit(lane);
      const bool present = has_lane(lanes, from);
      if (!present) {
        report_at(warp, instruction, lane, Check::mask,
                  "the shuffle reads lane " + std::to_string(from) +
                      ", which does not take part: its value is undefined");
      }
      write_lane(warp, instruction.to[0], lane, present ? values[from] : ~0u);
    }
    write_predicate(warp, instruction.to[1], lanes, valid);
  };
}

int highest(int lane, int clamp, int segment) { return (lane & segment) | (clamp & ~segment); }

Handler shuffle_named(std::string_view mode) {
  return named<Handler>(mode,
                        {{"up", shuffle([](int lane, int b, int clamp, int segment) {
                            return Source{lane - b, lane - b >= highest(lane, clamp, segment)};
                          })},
                         {"down", shuffle([](int lane, int b, int clamp, int segment) {
                            return Source{lane + b, lane + b <= highest(lane, clamp, segment)};
                          })},
                         {"bfly", shuffle([](int lane, int b, int clamp, int segment) {
                            return Source{lane ^ b, (lane ^ b) <= highest(lane, clamp, segment)};
                          })},
                         {"idx", shuffle([](int lane, int b, int clamp, int segment) {
                            const int from = (lane & segment) | (b & ~segment);
                            return Source{from, from <= highest(lane, clamp, segment)};
                          })}});
}

void ballot(Warp& warp, const Instruction& instruction, LaneMask lanes) {
  write_lanes(warp, instruction.to[0], lanes, read_predicate(warp, instruction, 0) & lanes);
}

template <class F>
Handler vote(F) {
  return [](Warp& warp, const Instruction& instruction, LaneMask lanes) {
    constexpr F f;
    const bool result = f(read_predicate(warp, instruction, 0) & lanes, lanes);
    write_predicate(warp, instruction.to[0], lanes, result ? kAllLanes : 0);
  };
}

Handler vote_named(std::string_view mode) {
  using M = LaneMask;
  return named<Handler>(mode,
                        {{"ballot", ballot},
                         {"any", vote([](M yes, M) { return yes != 0; })},
                         {"all", vote([](M yes, M lanes) { return yes == lanes; })},
                         {"uni", vote([](M yes, M lanes) { return yes == lanes || yes == 0; })}});
}

// match.any: the lanes with the same value; match.all: all lanes, if all have the same value.
template <class T, bool all>
void match(Warp& warp, const Instruction& instruction, LaneMask lanes) {
  const auto values = copy_of<T>(warp, instruction.from[0]);
  LaneMask same_as_all = 0;
  for (const std::size_t lane : lanes_of(lanes)) {
    const LaneMask same =
        lanes_where(lanes, [&](std::size_t other) { return values[other] == values[lane]; });
    if (same == lanes) same_as_all = lanes;
    write_lane(warp, instruction.to[0], lane, all && same != lanes ? 0 : same);
  }
  write_predicate(warp, instruction.to[1], lanes, same_as_all);
}

Handler match_handler(const Statement& s, const Instruction& instruction) {
  const int width = width_of(instruction.type);
  if (width != 4 && width != 8) return nullptr;
  if (s.has("all")) return width == 8 ? match<std::uint64_t, true> : match<std::uint32_t, true>;
  return width == 8 ? match<std::uint64_t, false> : match<std::uint32_t, false>;
}

template <class T, class F>
Handler reduce(F) {
  return [](Warp& warp, const Instruction& instruction, LaneMask lanes) {
    constexpr F f;
    const T* values = warp.lanes<const T>(instruction.from[0]);
    T result = values[first_lane(lanes)];
    for (const std::size_t lane : lanes_of(lanes & (lanes - 1))) result = f(result, values[lane]);
    write_lanes(warp, instruction.to[0], lanes, static_cast<std::uint32_t>(result));
  };
}

template <class T>
Handler reduce_named(std::string_view operation) {
  return named<Handler>(operation, {{"add", reduce<T>([](T a, T b) {
                                       return static_cast<T>(static_cast<std::uint32_t>(a) +
                                                             static_cast<std::uint32_t>(b));
                                     })},
                                    {"min", reduce<T>([](T a, T b) { return std::min(a, b); })},
                                    {"max", reduce<T>([](T a, T b) { return std::max(a, b); })},
                                    {"and", reduce<T>([](T a, T b) { return a & b; })},
                                    {"or", reduce<T>([](T a, T b) { return a | b; })},
                                    {"xor", reduce<T>([](T a, T b) { return a ^ b; })}});
}

void meet(Warp&, const Instruction&, LaneMask) {}  // bar.warp.sync: meeting is all it does

}  // namespace

Handler warp_wide_handler(const Statement& s, Instruction& instruction) {
  const std::string_view base = s.base();
  const bool is_word = width_of(instruction.type) == 4 && !is_float(instruction.type);
  if (s.opcode.size() < 3 || instruction.from[3].width != 4) return nullptr;
  const std::string_view mode = s.opcode[s.opcode[1] == "sync" ? 2 : 1];  // either may come first
  if (base == "shfl") return width_of(instruction.type) == 4 ? shuffle_named(mode) : nullptr;
  if (base == "vote") return vote_named(mode);
  if (base == "match") return match_handler(s, instruction);
  if (base != "redux") return meet;
  if (!is_word) return nullptr;
  return instruction.type == Type::s32 ? reduce_named<std::int32_t>(mode)
                                       : reduce_named<std::uint32_t>(mode);
}

}  // namespace emulator
