// SPDX-License-Identifier: MIT
#include "tests/emulator/execution/handlers.h"
#include "tests/emulator/execution/lanewise.h"
#include "tests/emulator/execution/real_types.h"

#include <array>
#include <bit>
#include <cmath>

namespace emulator {
namespace {

enum class Relation : std::uint8_t {
  eq,
  ne,
  lt,
  le,
  gt,
  ge,
  equ,
  neu,
  ltu,
  leu,
  gtu,
  geu,
  num,
  nan,
  none
};

// lo, ls, hi and hs are the unsigned spellings of lt, le, gt and ge.
Relation relation_named(std::string_view name) {
  static constexpr std::array<std::pair<std::string_view, Relation>, 18> kNames = {
      {{"eq", Relation::eq},
       {"ne", Relation::ne},
       {"lt", Relation::lt},
       {"le", Relation::le},
       {"gt", Relation::gt},
       {"ge", Relation::ge},
       {"lo", Relation::lt},
       {"ls", Relation::le},
       {"hi", Relation::gt},
       {"hs", Relation::ge},
       {"equ", Relation::equ},
       {"neu", Relation::neu},
       {"ltu", Relation::ltu},
       {"leu", Relation::leu},
       {"gtu", Relation::gtu},
       {"geu", Relation::geu},
       {"num", Relation::num},
       {"nan", Relation::nan}}};
  for (const auto& [known, relation] : kNames) {
    if (name == known) return relation;
  }
  return Relation::none;
}

// Ordered relations are false for NaN, the ones with u are true.
template <Relation relation, class T>
bool holds(T a, T b) {
  if constexpr (relation == Relation::eq) return a == b;
  if constexpr (relation == Relation::ne) return a < b || a > b;
  if constexpr (relation == Relation::lt) return a < b;
  if constexpr (relation == Relation::le) return a <= b;
  if constexpr (relation == Relation::gt) return a > b;
  if constexpr (relation == Relation::ge) return a >= b;
  if constexpr (relation == Relation::equ) return !(a < b || a > b);
  if constexpr (relation == Relation::neu) return a != b;
  if constexpr (relation == Relation::ltu) return !(a >= b);
  if constexpr (relation == Relation::leu) return !(a > b);
  if constexpr (relation == Relation::gtu) return !(a <= b);
  if constexpr (relation == Relation::geu) return !(a < b);
  if constexpr (relation == Relation::num) return a == a && b == b;
  return a != a || b != b;
}

// Gives the compare loop for a relation known at run time.
template <class T, bool flush, std::size_t number = 0>
LaneMask compare(Relation relation, const T* a, const T* b) {
  if constexpr (number < static_cast<std::size_t>(Relation::none)) {
    constexpr auto kThis = static_cast<Relation>(number);
    if (relation != kThis) return compare<T, flush, number + 1>(relation, a, b);
    alignas(64) std::uint8_t flags[kLanes];
    for (int lane = 0; lane < kLanes; ++lane) {
      if constexpr (flush)
        flags[lane] = holds<kThis>(flushed(a[lane]), flushed(b[lane]));
      else
        flags[lane] = holds<kThis>(a[lane], b[lane]);
    }
    return pack_flags(flags);
  }
  return 0;
}

// The 16-bit formats compare as doubles; `part` is 0 or 1 for the halves of a packed pair.
template <class T>
LaneMask compare_halves(const Warp& warp, const Instruction& instruction, int part) {
  const bool brain =
      instruction.source_type == Type::bf16 || instruction.source_type == Type::bf16x2;
  double a[kLanes], b[kLanes];
  for (int lane = 0; lane < kLanes; ++lane) {
    const auto widen = [&](const Operand& operand) {
      const T bits = warp.lanes<const T>(operand)[lane];
      return from_half(static_cast<std::uint16_t>(bits >> (16 * part)),
                       brain ? kBrain : emulator::kHalf);
    };
    a[lane] = widen(instruction.from[0]);
    b[lane] = widen(instruction.from[1]);
  }
  return compare<double, false>(static_cast<Relation>(instruction.operation & 15), a, b);
}

template <class T, bool flush>
LaneMask relation_mask(const Warp& warp, const Instruction& instruction) {
  return compare<T, flush>(static_cast<Relation>(instruction.operation & 15),
                           warp.lanes<const T>(instruction.from[0]),
                           warp.lanes<const T>(instruction.from[1]));
}

LaneMask halves_mask(const Warp& warp, const Instruction& instruction) {
  return compare_halves<std::uint16_t>(warp, instruction, 0);
}

// The operation's upper bits: how the result is combined with the predicate from[2].
LaneMask combine(const Warp& warp, const Instruction& instruction, LaneMask result) {
  const int combination = instruction.operation >> 4;
  if (combination == 0) return result;
  LaneMask other = warp.predicate(instruction.from[2]);
  if (instruction.has(kNegatedPredicate)) other = ~other;
  return combination == 1 ? result & other : combination == 2 ? result | other : result ^ other;
}

void assign(LaneMask& predicate, LaneMask value, LaneMask mask) {
  predicate = (predicate & ~mask) | (value & mask);
}

using Relate = LaneMask (*)(const Warp&, const Instruction&);

template <Relate relate>
void set_predicate(Warp& warp, const Instruction& instruction, LaneMask mask) {
  const LaneMask result = relate(warp, instruction);
  const LaneMask first = combine(warp, instruction, result);
  const LaneMask second = combine(warp, instruction, ~result);
  if (instruction.to[0].exists()) assign(warp.predicate(instruction.to[0]), first, mask);
  if (instruction.to[1].exists()) assign(warp.predicate(instruction.to[1]), second, mask);
}

// setp of packed halves: one predicate for each half.
void set_predicate_pair(Warp& warp, const Instruction& instruction, LaneMask mask) {
  for (int part = 0; part < 2; ++part) {
    const LaneMask result = compare_halves<std::uint32_t>(warp, instruction, part);
    const Operand& to = instruction.to[static_cast<std::size_t>(part)];
    if (to.exists()) assign(warp.predicate(to), combine(warp, instruction, result), mask);
  }
}

// set: 1.0 or all ones where the relation holds, else 0.
template <Relate relate>
void set_value(Warp& warp, const Instruction& instruction, LaneMask mask) {
  const LaneMask result = combine(warp, instruction, relate(warp, instruction));
  const bool is_half = width_of(instruction.type) == 2;
  const std::uint32_t yes = instruction.type == Type::f32    ? 0x3f800000u
                            : instruction.type == Type::f16  ? 0x3c00u
                            : instruction.type == Type::bf16 ? 0x3f80u
                                                             : ~0u;
  for (LaneMask rest = mask; rest != 0; rest &= rest - 1) {
    const int lane = __builtin_ctz(rest);
    const std::uint32_t value = (result >> lane) & 1 ? yes : 0;
    if (is_half) {
      warp.lanes<std::uint16_t>(instruction.to[0])[lane] = static_cast<std::uint16_t>(value);
    } else {
      warp.lanes<std::uint32_t>(instruction.to[0])[lane] = value;
    }
  }
}

void set_value_pair(Warp& warp, const Instruction& instruction, LaneMask mask) {
  const std::uint32_t yes = instruction.type == Type::f16x2    ? 0x3c00u
                            : instruction.type == Type::bf16x2 ? 0x3f80u
                                                               : 0xffffu;
  LaneMask halves[2];
  for (int part = 0; part < 2; ++part) {
    halves[part] =
        combine(warp, instruction, compare_halves<std::uint32_t>(warp, instruction, part));
  }
  for (LaneMask rest = mask; rest != 0; rest &= rest - 1) {
    const int lane = __builtin_ctz(rest);
    warp.lanes<std::uint32_t>(instruction.to[0])[lane] =
        ((halves[0] >> lane) & 1 ? yes : 0) | ((halves[1] >> lane) & 1 ? yes << 16 : 0);
  }
}

template <Relate relate>
Handler choose(bool to_predicate) {
  return to_predicate ? set_predicate<relate> : set_value<relate>;
}

template <class T>
Handler choose_type(bool to_predicate) {
  return choose<relation_mask<T, false>>(to_predicate);
}

Handler relation_handler(const Instruction& instruction, bool to_predicate) {
  switch (instruction.source_type) {
    case Type::s16:
      return choose_type<std::int16_t>(to_predicate);
    case Type::u16:
    case Type::b16:
      return choose_type<std::uint16_t>(to_predicate);
    case Type::s32:
      return choose_type<std::int32_t>(to_predicate);
    case Type::u32:
    case Type::b32:
      return choose_type<std::uint32_t>(to_predicate);
    case Type::s64:
      return choose_type<std::int64_t>(to_predicate);
    case Type::u64:
    case Type::b64:
      return choose_type<std::uint64_t>(to_predicate);
    case Type::f64:
      return choose_type<double>(to_predicate);
    case Type::f32:
      return instruction.has(kFlush) ? choose<relation_mask<float, true>>(to_predicate)
                                     : choose_type<float>(to_predicate);
    case Type::f16:
    case Type::bf16:
      return choose<halves_mask>(to_predicate);
    case Type::f16x2:
    case Type::bf16x2:
      return to_predicate ? set_predicate_pair : set_value_pair;
    default:
      return nullptr;
  }
}

template <class T>
void select(Warp& warp, const Instruction& instruction, LaneMask mask) {
  LaneMask chosen = warp.predicate(instruction.from[2]);
  if (instruction.has(kNegatedPredicate)) chosen = ~chosen;
  const T* a = warp.lanes<const T>(instruction.from[0]);
  const T* b = warp.lanes<const T>(instruction.from[1]);
  T* to = warp.lanes<T>(instruction.to[0]);
#pragma GCC ivdep
  for (int lane = 0; lane < kLanes; ++lane) {
    const T value = (chosen >> lane) & 1 ? a[lane] : b[lane];
    to[lane] = (mask >> lane) & 1 ? value : to[lane];
  }
}

// mov, not, and, or, xor of predicates.
template <class F>
Handler predicate_handler(F) {
  return [](Warp& warp, const Instruction& instruction, LaneMask mask) {
    LaneMask a = warp.predicate(instruction.from[0]);
    if (instruction.has(kNegatedPredicate)) a = ~a;
    const LaneMask b = instruction.from[1].exists() ? warp.predicate(instruction.from[1]) : 0;
    constexpr F f;
    assign(warp.predicate(instruction.to[0]), f(a, b), mask);
  };
}

template <class T, class F>
Handler test_handler(F) {
  return [](Warp& warp, const Instruction& instruction, LaneMask mask) {
    LaneMask result = 0;
    constexpr F f;
    for (int lane = 0; lane < kLanes; ++lane) {
      if (f(warp.lanes<const T>(instruction.from[0])[lane])) result |= 1u << lane;
    }
    assign(warp.predicate(instruction.to[0]), result, mask);
  };
}

template <class T>
Handler test_property(const Statement& s) {
  const std::string_view property = s.opcode[1];
  if (property == "finite") return test_handler<T>([](T a) { return std::isfinite(a); });
  if (property == "infinite") return test_handler<T>([](T a) { return std::isinf(a); });
  if (property == "number") return test_handler<T>([](T a) { return !std::isnan(a); });
  if (property == "notanumber") return test_handler<T>([](T a) { return std::isnan(a); });
  if (property == "normal") return test_handler<T>([](T a) { return std::isnormal(a); });
  if (property == "subnormal") {
    return test_handler<T>([](T a) { return std::fpclassify(a) == FP_SUBNORMAL; });
  }
  return nullptr;
}

}  // namespace

Handler compare_handler(const Statement& s, Instruction& instruction) {
  const std::string_view base = s.base();
  if (base == "setp" || base == "set") {
    const Relation relation = s.opcode.size() > 1 ? relation_named(s.opcode[1]) : Relation::none;
    if (relation == Relation::none) return nullptr;
    const int combination = s.has("and") ? 1 : s.has("or") ? 2 : s.has("xor") ? 3 : 0;
    if ((combination != 0) != instruction.from[2].exists()) return nullptr;
    instruction.operation =
        static_cast<std::uint8_t>(static_cast<int>(relation) | combination << 4);
    return relation_handler(instruction, base == "setp");
  }
  if (base == "selp") {
    switch (width_of(instruction.type)) {
      case 2:
        return select<std::uint16_t>;
      case 4:
        return select<std::uint32_t>;
      case 8:
        return select<std::uint64_t>;
      default:
        return nullptr;
    }
  }
  if (base == "testp" && s.opcode.size() == 3) {
    return instruction.type == Type::f64 ? test_property<double>(s) : test_property<float>(s);
  }
  using Mask = LaneMask;
  if (base == "mov") return predicate_handler([](Mask a, Mask) { return a; });
  if (base == "not") return predicate_handler([](Mask a, Mask) { return ~a; });
  if (!instruction.from[1].exists()) return nullptr;
  if (base == "and") return predicate_handler([](Mask a, Mask b) { return a & b; });
  if (base == "or") return predicate_handler([](Mask a, Mask b) { return a | b; });
  if (base == "xor") return predicate_handler([](Mask a, Mask b) { return a ^ b; });
  return nullptr;
}

}  // namespace emulator
