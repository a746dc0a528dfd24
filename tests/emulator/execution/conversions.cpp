// SPDX-License-Identifier: MIT
#include "tests/emulator/execution/handlers.h"
#include "tests/emulator/execution/lanewise.h"
#include "tests/emulator/execution/real_types.h"
#include "tests/emulator/execution/visit_type.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <type_traits>
#include <utility>

namespace emulator {
namespace {

// Instruction::operation of cvt: how it rounds to a whole number, and whether negative results
// become 0. Other roundings are the mode that the handler runs in.
enum Form : std::uint8_t { kNotWhole, kNearest, kZero, kDown, kUp, kWhole = 7, kRelu = 8 };

double rounded_to_whole(double value, int form) {
  const int mode = form & kWhole;
  return mode == kNearest ? std::nearbyint(value)  // the host rounds to nearest even
         : mode == kZero  ? std::trunc(value)
         : mode == kDown  ? std::floor(value)
         : mode == kUp    ? std::ceil(value)
                          : value;
}

// Values out of range become the nearest there is; what NaN becomes is as the PTX manual says.
template <class To, class From>
To whole_number(double value) {
  using Limits = std::numeric_limits<To>;
  constexpr To top = static_cast<To>(std::uint64_t{1} << (8 * sizeof(To) - 1));
  if (value != value) return sizeof(From) == 8 || sizeof(To) == 8 ? top : To{0};
  if (value >= std::ldexp(1.0, Limits::digits)) return Limits::max();
  if (value <= static_cast<double>(Limits::min())) return Limits::min();
  return static_cast<To>(value);
}

template <class To, class From>
To limited(From value) {
  using Limits = std::numeric_limits<To>;
  if (std::cmp_less(value, Limits::min())) return Limits::min();
  return std::cmp_greater(value, Limits::max()) ? Limits::max() : static_cast<To>(value);
}

double without_sign(double value) { return value < 0 || value == 0 ? 0 : value; }

float rounded_to_tf32(float value) {
  if (!std::isfinite(value)) return value;
  return std::bit_cast<float>((std::bit_cast<std::uint32_t>(value) + 0x1000u) & ~0x1fffu);
}

template <class To, class From>
To converted(From from, const Instruction& instruction) {
  constexpr bool kFromWhole = std::is_integral_v<From>, kToSingle = std::is_same_v<To, float>;
  const int form = instruction.operation;
  if constexpr (kFromWhole && std::is_integral_v<To>) {
    return instruction.has(kSaturate) ? limited<To>(from) : static_cast<To>(from);
  } else if constexpr (kFromWhole && kToSingle) {
    const auto value = static_cast<float>(from);  // not by way of double: that rounds twice
    return instruction.has(kSaturate) ? saturated(value) : value;
  } else {
    auto value = static_cast<double>(from);
    if constexpr (std::is_same_v<From, float>) {
      if (instruction.has(kFlush)) value = static_cast<double>(flushed(from));
    }
    if constexpr (std::is_integral_v<To>) {
      return whole_number<To, From>(rounded_to_whole(value, form & kWhole ? form : kZero));
    } else {
      value = rounded_to_whole(value, form);
      if (instruction.has(kSaturate)) value = saturated(value);
      if (form & kRelu) value = without_sign(value);
      if constexpr (kToSingle) {
        const float single = canonical(static_cast<float>(value));
        return instruction.type == Type::tf32 ? rounded_to_tf32(single)
               : instruction.has(kFlush)      ? flushed(single)
                                              : single;
      } else if constexpr (std::is_same_v<To, double>) {
        return value;
      } else {
        return To::rounded(value, instruction.rounding);
      }
    }
  }
}

// The bits of a value, whole numbers extended by their sign.
template <class T>
std::uint64_t bits_of(T value) {
  if constexpr (std::is_integral_v<T>) return static_cast<std::uint64_t>(value);
  std::uint64_t bits = 0;
  std::memcpy(&bits, &value, sizeof(T));
  return bits;
}

// Registers may be wider than the types.
template <class To, class From>
void convert(Warp& warp, const Instruction& instruction, LaneMask mask) {
  for (const std::size_t lane : lanes_of(mask)) {
    const std::uint64_t bits = read_lane(warp, instruction.from[0], lane);
    From from;
    std::memcpy(&from, &bits, sizeof(From));
    write_lane(warp, instruction.to[0], lane, bits_of(converted<To>(from, instruction)));
  }
}

// cvt.rn.f16x2.f32 d, a, b: a goes to the upper half.
template <class H>
void convert_pair(Warp& warp, const Instruction& instruction, LaneMask mask) {
  const auto half = [&](std::size_t number, std::size_t lane) {
    const float from = warp.lanes<const float>(instruction.from[number])[lane];
    return bits_of(converted<H>(from, instruction));
  };
  for (const std::size_t lane : lanes_of(mask)) {
    write_lane(warp, instruction.to[0], lane, half(0, lane) << 16 | half(1, lane));
  }
}

// cvt.pack.sat.u8.s32.b32 d, a, b, c: a and b, limited to the type of `operation` bits, beside each
// other in the low bits of d; above them c.
void pack(Warp& warp, const Instruction& instruction, LaneMask mask) {
  const int bits = instruction.operation;
  const std::int32_t least = instruction.has(kSigned) ? -(1 << (bits - 1)) : 0;
  const std::int32_t most = (1 << bits) - 1 + least;
  const std::uint32_t kept = (1u << bits) - 1;
  const auto part = [&](std::size_t number, std::size_t lane) -> std::uint64_t {
    const std::int32_t value = warp.lanes<const std::int32_t>(instruction.from[number])[lane];
    return static_cast<std::uint32_t>(std::clamp(value, least, most)) & kept;
  };
  for (const std::size_t lane : lanes_of(mask)) {
    std::uint64_t value = part(0, lane) << bits | part(1, lane);
    if (instruction.from[2].exists()) {
      value |= read_lane(warp, instruction.from[2], lane) << (2 * bits);
    }
    write_lane(warp, instruction.to[0], lane, value);
  }
}

Handler pack_handler(const Statement& s, Instruction& instruction) {
  if (s.opcode.size() < 5 || !instruction.from[1].exists()) return nullptr;
  const std::string_view type = s.opcode[3];
  const int bits = named<int>(type.substr(1), {{"2", 2}, {"4", 4}, {"8", 8}, {"16", 16}});
  if (bits == 0 || (bits == 16) == instruction.from[2].exists()) return nullptr;
  instruction.operation = static_cast<std::uint8_t>(bits);
  if (type[0] == 's') instruction.flags |= kSigned;
  return pack;
}

// Conversions that loops are made of are vector loops, where registers and types have one width.
template <class To, class From>
Handler choose(const Instruction& instruction) {
  if constexpr (std::is_arithmetic_v<To> && std::is_arithmetic_v<From> &&
                (std::is_integral_v<From> || std::is_floating_point_v<To>)) {
    const bool plain = instruction.operation == 0 && instruction.type != Type::tf32 &&
                       !instruction.has(kSaturate) && !instruction.has(kFlush);
    if (plain && instruction.to[0].width == sizeof(To) &&
        instruction.from[0].width == sizeof(From)) {
      return lanewise<To>([](From a) {
        if constexpr (std::is_floating_point_v<From>) return canonical(static_cast<To>(a));
        return static_cast<To>(a);
      });
    }
  }
  return convert<To, From>;
}

}  // namespace

Handler convert_handler(const Statement& s, Instruction& instruction) {
  if (s.has("pack")) return pack_handler(s, instruction);
  if (s.opcode.size() < 3) return nullptr;
  static constexpr std::pair<std::string_view, int> kForms[] = {
      {"rni", kNearest}, {"rzi", kZero}, {"rmi", kDown}, {"rpi", kUp}, {"relu", kRelu}};
  for (const auto& [name, form] : kForms) {
    if (s.has(name)) instruction.operation |= static_cast<std::uint8_t>(form);
  }
  const Type from = instruction.source_type;
  const bool two = instruction.from[1].exists();
  if (instruction.from[2].exists() || two != is_packed(instruction.type)) return nullptr;
  Handler handler = nullptr;
  if (two) {
    if (from == Type::f32) {
      handler = instruction.type == Type::f16x2 ? convert_pair<Half> : convert_pair<Brain>;
    }
  } else {
    const Type to = instruction.type == Type::tf32 ? Type::f32 : instruction.type;
    handler = visit_type(to, [&]<class To>(To) {
      return visit_type(from,
                        [&]<class From>(From) -> Handler { return choose<To, From>(instruction); });
    });
  }
  return rounded_as_told(handler, instruction);
}

}  // namespace emulator
