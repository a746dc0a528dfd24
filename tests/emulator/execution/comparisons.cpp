// SPDX-License-Identifier: MIT
#include "tests/emulator/execution/handlers.h"
#include "tests/emulator/execution/lanewise.h"
#include "tests/emulator/execution/real_types.h"
#include "tests/emulator/execution/visit_type.h"

#include <array>
#include <cmath>
#include <type_traits>

namespace emulator {
namespace {

// As what lanes of a type are compared: halves as doubles.
template <class T>
using Compared = std::conditional_t<std::is_arithmetic_v<T>, T, double>;

template <class T, bool flush, class F>
constexpr Relation relation(F) {
  return [](const Warp& warp, const Instruction& instruction, std::size_t part) {
    const auto in = [](T value) {
      if constexpr (flush) return flushed(value);
      return static_cast<Compared<T>>(value);
    };
    // Packed pairs are twice as many halves.
    const std::size_t step = sizeof(T) == 2 && width_of(instruction.source_type) == 4 ? 2 : 1;
    const T* a = warp.lanes<const T>(instruction.from[0]) + part;
    const T* b = warp.lanes<const T>(instruction.from[1]) + part;
    constexpr F f;
    alignas(64) std::uint8_t flags[kLanes];
    for (std::size_t lane = 0; lane < kLanes; ++lane) {
      flags[lane] = f(in(a[step * lane]), in(b[step * lane]));
    }
    return pack_flags(flags);
  };
}

// Ordered relations are false for NaN, the ones with u are true. lo, ls, hi and hs are the unsigned
// spellings of lt, le, gt and ge.
template <class T, bool flush>
Relation relation_named(std::string_view name) {
  using V = Compared<T>;
  constexpr auto less = relation<T, flush>([](V a, V b) { return a < b; });
  constexpr auto not_greater = relation<T, flush>([](V a, V b) { return a <= b; });
  constexpr auto greater = relation<T, flush>([](V a, V b) { return a > b; });
  constexpr auto not_less = relation<T, flush>([](V a, V b) { return a >= b; });
  return named<Relation>(name,
                         {{"eq", relation<T, flush>([](V a, V b) { return a == b; })},
                          {"ne", relation<T, flush>([](V a, V b) { return a < b || a > b; })},
                          {"lt", less},
                          {"le", not_greater},
                          {"gt", greater},
                          {"ge", not_less},
                          {"lo", less},
                          {"ls", not_greater},
                          {"hi", greater},
                          {"hs", not_less},
                          {"equ", relation<T, flush>([](V a, V b) { return !(a < b || a > b); })},
                          {"neu", relation<T, flush>([](V a, V b) { return a != b; })},
                          {"ltu", relation<T, flush>([](V a, V b) { return !(a >= b); })},
                          {"leu", relation<T, flush>([](V a, V b) { return !(a > b); })},
                          {"gtu", relation<T, flush>([](V a, V b) { return !(a <= b); })},
                          {"geu", relation<T, flush>([](V a, V b) { return !(a < b); })},
                          {"num", relation<T, flush>([](V a, V b) { return a == a && b == b; })},
                          {"nan", relation<T, flush>([](V a, V b) { return a != a || b != b; })}});
}

Relation relation_handler(std::string_view name, const Instruction& instruction) {
  if (instruction.source_type == Type::f32 && instruction.has(kFlush)) {
    return relation_named<float, true>(name);
  }
  return visit_type(element_of(instruction.source_type), [&]<class T>(T) -> Relation {
    if constexpr (sizeof(T) > 1) return relation_named<T, false>(name);
    return nullptr;
  });
}

enum Combination : std::uint8_t { kAlone, kAnd, kOr, kXor };

// What becomes of the result of a relation: it may be combined with the predicate from[2].
LaneMask combine(const Warp& warp, const Instruction& instruction, LaneMask result) {
  if (instruction.operation == kAlone) return result;
  const LaneMask other = read_predicate(warp, instruction, 2);
  return instruction.operation == kAnd  ? result & other
         : instruction.operation == kOr ? result | other
                                        : result ^ other;
}

// setp: the relation and its opposite, or, of packed pairs, that of either half.
void set_predicate(Warp& warp, const Instruction& instruction, LaneMask mask) {
  const LaneMask first = instruction.relation(warp, instruction, 0);
  const LaneMask second =
      is_packed(instruction.source_type) ? instruction.relation(warp, instruction, 1) : ~first;
  write_predicate(warp, instruction.to[0], mask, combine(warp, instruction, first));
  write_predicate(warp, instruction.to[1], mask, combine(warp, instruction, second));
}

// set: 1.0 or all ones where the relation holds, else 0; of packed pairs, in either half.
void set_value(Warp& warp, const Instruction& instruction, LaneMask mask) {
  const std::size_t parts = is_packed(instruction.source_type) ? 2 : 1;
  const Type element = element_of(instruction.type);
  const std::uint32_t yes = element == Type::f32    ? 0x3f800000u
                            : element == Type::f16  ? 0x3c00u
                            : element == Type::bf16 ? 0x3f80u
                            : parts == 2            ? 0xffffu
                                                    : ~0u;
  std::array<LaneMask, 2> holds{};
  for (std::size_t part = 0; part < parts; ++part) {
    holds[part] = combine(warp, instruction, instruction.relation(warp, instruction, part));
  }
  for (const std::size_t lane : lanes_of(mask)) {
    const std::uint32_t low = has_lane(holds[0], lane) ? yes : 0;
    write_lane(warp, instruction.to[0], lane, has_lane(holds[1], lane) ? low | yes << 16 : low);
  }
}

template <class T, class F>
Handler property(F) {
  return [](Warp& warp, const Instruction& instruction, LaneMask mask) {
    constexpr F f;
    const T* from = warp.lanes<const T>(instruction.from[0]);
    write_predicate(warp, instruction.to[0], mask,
                    lanes_where(mask, [&](std::size_t lane) { return f(from[lane]); }));
  };
}

template <class T>
Handler property_named(std::string_view name) {
  return named<Handler>(
      name, {{"finite", property<T>([](T a) { return std::isfinite(a); })},
             {"infinite", property<T>([](T a) { return std::isinf(a); })},
             {"number", property<T>([](T a) { return !std::isnan(a); })},
             {"notanumber", property<T>([](T a) { return std::isnan(a); })},
             {"normal", property<T>([](T a) { return std::isnormal(a); })},
             {"subnormal", property<T>([](T a) { return std::fpclassify(a) == FP_SUBNORMAL; })}});
}

template <class T>
void select(Warp& warp, const Instruction& instruction, LaneMask mask) {
  const LaneMask chosen = read_predicate(warp, instruction, 2);
  const T* a = warp.lanes<const T>(instruction.from[0]);
  const T* b = warp.lanes<const T>(instruction.from[1]);
  T* to = warp.lanes<T>(instruction.to[0]);
#pragma GCC ivdep
  for (int lane = 0; lane < kLanes; ++lane) {
    const T value = (chosen >> lane) & 1 ? a[lane] : b[lane];
    to[lane] = (mask >> lane) & 1 ? value : to[lane];
  }
}

template <class F>
Handler logic(F) {
  return [](Warp& warp, const Instruction& instruction, LaneMask mask) {
    constexpr F f;
    const LaneMask a = read_predicate(warp, instruction, 0);
    const LaneMask b = instruction.from[1].exists() ? warp.predicate(instruction.from[1]) : 0;
    write_predicate(warp, instruction.to[0], mask, f(a, b));
  };
}

}  // namespace

Handler compare_handler(const Statement& s, Instruction& instruction) {
  if (s.opcode.size() < 2) return nullptr;
  instruction.relation = relation_handler(s.opcode[1], instruction);
  instruction.operation = s.has("and") ? kAnd : s.has("or") ? kOr : s.has("xor") ? kXor : kAlone;
  const bool combines = instruction.operation != kAlone;
  if (!instruction.relation || combines != instruction.from[2].exists()) return nullptr;
  return s.base() == "setp" ? set_predicate : set_value;
}

Handler select_handler(const Statement&, Instruction& instruction) {
  instruction.flags |= kSelects;
  return visit_width(width_of(instruction.type), []<class T>(T) -> Handler { return select<T>; });
}

Handler test_handler(const Statement& s, Instruction& instruction) {
  if (s.opcode.size() != 3) return nullptr;
  return instruction.type == Type::f64 ? property_named<double>(s.opcode[1])
                                       : property_named<float>(s.opcode[1]);
}

Handler predicate_handler(const Statement& s, Instruction&) {
  using Mask = LaneMask;
  return named<Handler>(s.base(), {{"mov", logic([](Mask a, Mask) { return a; })},
                                   {"not", logic([](Mask a, Mask) { return ~a; })},
                                   {"and", logic([](Mask a, Mask b) { return a & b; })},
                                   {"or", logic([](Mask a, Mask b) { return a | b; })},
                                   {"xor", logic([](Mask a, Mask b) { return a ^ b; })}});
}

}  // namespace emulator
