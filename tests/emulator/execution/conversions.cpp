// SPDX-License-Identifier: MIT
#include "tests/emulator/execution/handlers.h"
#include "tests/emulator/execution/lanewise.h"
#include "tests/emulator/execution/real_types.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <limits>
#include <type_traits>

namespace emulator {
namespace {

// How a conversion rounds; the i modes round to a whole number.
enum class Mode : std::uint8_t { none, rn, rz, rm, rp, rni, rzi, rmi, rpi, rna };

Mode mode_of(const Statement& s) {
  static constexpr std::array<std::pair<std::string_view, Mode>, 9> kNames = {{{"rn", Mode::rn},
                                                                               {"rz", Mode::rz},
                                                                               {"rm", Mode::rm},
                                                                               {"rp", Mode::rp},
                                                                               {"rni", Mode::rni},
                                                                               {"rzi", Mode::rzi},
                                                                               {"rmi", Mode::rmi},
                                                                               {"rpi", Mode::rpi},
                                                                               {"rna", Mode::rna}}};
  for (const auto& [name, mode] : kNames) {
    if (s.has(name)) return mode;
  }
  return Mode::none;
}

bool rounds_to_whole(Mode mode) { return mode >= Mode::rni && mode <= Mode::rpi; }

Rounding rounding_of(Mode mode) {
  switch (mode) {
    case Mode::rz:
      return Rounding::zero;
    case Mode::rm:
      return Rounding::down;
    case Mode::rp:
      return Rounding::up;
    default:
      return Rounding::nearest;
  }
}

template <class T>
T to_whole(T value, Mode mode) {
  switch (mode) {
    case Mode::rni:
      return std::nearbyint(value);  // the host rounds to nearest even
    case Mode::rzi:
      return std::trunc(value);
    case Mode::rmi:
      return std::floor(value);
    case Mode::rpi:
      return std::ceil(value);
    default:
      return value;
  }
}

// The raw bits of a lane, whatever the width of its register.
std::uint64_t read_lane(const Warp& warp, const Operand& operand, int lane) {
  const std::byte* start = warp.lanes<const std::byte>(operand);
  std::uint64_t bits = 0;
  std::memcpy(&bits, start + lane * operand.width, operand.width);
  return bits;
}

void write_lane(Warp& warp, const Operand& operand, int lane, std::uint64_t bits) {
  std::memcpy(warp.lanes<std::byte>(operand) + lane * operand.width, &bits, operand.width);
}

// A value on its way: a whole number or a real one (a float32 is exact as a double).
struct Value {
  bool is_real = false;
  bool is_negative_whole = false;  // whole numbers: sign and 64 bits
  std::uint64_t whole = 0;
  double real = 0;
};

Value widen(std::uint64_t bits, Type type, bool flush) {
  Value value;
  const int width = width_of(type);
  if (!is_float(type)) {
    const int unused = 64 - 8 * width;
    value.whole = bits << unused >> unused;
    if (is_signed(type)) {
      value.whole = static_cast<std::uint64_t>(static_cast<std::int64_t>(bits << unused) >> unused);
      value.is_negative_whole = static_cast<std::int64_t>(value.whole) < 0;
    }
    return value;
  }
  value.is_real = true;
  switch (type) {
    case Type::f64:
      value.real = std::bit_cast<double>(bits);
      break;
    case Type::f16:
      value.real = from_half(static_cast<std::uint16_t>(bits), emulator::kHalf);
      break;
    case Type::bf16:
      value.real = from_half(static_cast<std::uint16_t>(bits), kBrain);
      break;
    default: {
      const auto single = std::bit_cast<float>(static_cast<std::uint32_t>(bits));
      value.real = flush ? flushed(single) : single;
    }
  }
  return value;
}

// Clamped to the type; what NaN becomes is as the PTX manual says.
std::uint64_t real_to_whole(double value, Type to, bool from_double) {
  const int bits = 8 * width_of(to);
  if (value != value) {
    const bool zero = !from_double && bits < 64;
    return zero ? 0 : 1ull << (bits - 1);
  }
  const double limit = std::ldexp(1.0, is_signed(to) ? bits - 1 : bits);
  if (value >= limit) return is_signed(to) ? (1ull << (bits - 1)) - 1 : ~0ull >> (64 - bits);
  if (is_signed(to)) {
    if (value < -limit) return 1ull << (bits - 1);
    return static_cast<std::uint64_t>(static_cast<std::int64_t>(value));
  }
  return value <= 0 ? 0 : static_cast<std::uint64_t>(value);
}

std::uint64_t saturate_whole(const Value& value, Type to) {
  const int bits = 8 * width_of(to);
  const std::uint64_t most = is_signed(to) ? (1ull << (bits - 1)) - 1 : ~0ull >> (64 - bits);
  if (!value.is_negative_whole) return std::min(value.whole, most);
  if (!is_signed(to)) return 0;
  const std::int64_t least = -static_cast<std::int64_t>(most) - 1;
  return static_cast<std::uint64_t>(std::max(static_cast<std::int64_t>(value.whole), least));
}

// A float32 with the fraction cut to `bits`, ties away from zero (tf32) or in a given mode.
float round_single(double value, Rounding rounding) {
  const auto nearest = static_cast<float>(value);
  if (rounding == Rounding::nearest || nearest == value || value != value) return nearest;
  const float infinity = std::numeric_limits<float>::infinity();
  const bool rounds_up =
      rounding == Rounding::up || (rounding == Rounding::zero && std::signbit(value));
  if (rounds_up) return nearest < value ? std::nextafter(nearest, infinity) : nearest;
  return nearest > value ? std::nextafter(nearest, -infinity) : nearest;
}

__extension__ using int128_t = __int128;

// A whole number of 64 bits as a double, rounded in the mode.
double whole_to_double(const Value& value, Rounding rounding) {
  const int128_t exact = value.is_negative_whole ? int128_t{static_cast<std::int64_t>(value.whole)}
                                                 : int128_t{value.whole};
  const auto nearest = static_cast<double>(exact);
  const auto back = static_cast<int128_t>(nearest);
  if (rounding == Rounding::nearest || back == exact) return nearest;
  const bool up = rounding == Rounding::up || (rounding == Rounding::zero && exact < 0);
  const double infinity = std::numeric_limits<double>::infinity();
  if (up) return back < exact ? std::nextafter(nearest, infinity) : nearest;
  return back > exact ? std::nextafter(nearest, -infinity) : nearest;
}

// To float32 without rounding twice: 64-bit whole numbers do not fit a double.
float whole_to_single(const Value& value, Rounding rounding) {
  if (rounding == Rounding::nearest) {
    return value.is_negative_whole ? static_cast<float>(static_cast<std::int64_t>(value.whole))
                                   : static_cast<float>(value.whole);
  }
  // Directed roundings compose: rounding down twice is rounding down.
  return round_single(whole_to_double(value, rounding), rounding);
}

float round_to_tf32(float value) {
  if (!std::isfinite(value)) return value;
  return std::bit_cast<float>((std::bit_cast<std::uint32_t>(value) + 0x1000u) & ~0x1fffu);
}

std::uint64_t to_real(const Value& value, const Instruction& instruction, Mode mode) {
  const Rounding rounding = rounding_of(mode);
  const Type to = instruction.type;
  double real = value.real;
  if (!value.is_real) real = whole_to_double(value, rounding);
  if (rounds_to_whole(mode)) real = to_whole(real, mode);
  if (instruction.has(kSaturate)) real = real > 0 ? std::min(real, 1.0) : 0.0;
  if (to == Type::f64) return std::bit_cast<std::uint64_t>(real);
  if (to == Type::f16 || to == Type::bf16) {
    return round_to_half(real, to == Type::f16 ? emulator::kHalf : kBrain, rounding);
  }
  float single = value.is_real ? round_single(real, rounding) : whole_to_single(value, rounding);
  if (instruction.has(kFlush)) single = flushed(single);
  if (to == Type::tf32) single = round_to_tf32(single);
  return std::bit_cast<std::uint32_t>(canonical(single));
}

std::uint64_t convert(std::uint64_t bits, const Instruction& instruction) {
  const auto mode = static_cast<Mode>(instruction.operation & 15);
  const Value value = widen(bits, instruction.source_type, instruction.has(kFlush));
  if (is_float(instruction.type)) {
    std::uint64_t result = to_real(value, instruction, mode);
    // cvt.relu: negative results and -0 become 0.
    if (instruction.operation & 16) {
      const int top = 8 * width_of(instruction.type) - 1;
      if ((result >> top) & 1) result = value.real != value.real ? result : 0;
    }
    return result;
  }
  if (value.is_real) {
    return real_to_whole(to_whole(value.real, rounds_to_whole(mode) ? mode : Mode::rzi),
                         instruction.type, instruction.source_type == Type::f64);
  }
  return instruction.has(kSaturate) ? saturate_whole(value, instruction.type) : value.whole;
}

// The bits of a value of the type, extended to the width of the register.
std::uint64_t extend(std::uint64_t bits, Type type) {
  const int unused = 64 - 8 * width_of(type);
  if (is_signed(type)) {
    return static_cast<std::uint64_t>(static_cast<std::int64_t>(bits << unused) >> unused);
  }
  return bits << unused >> unused;
}

void convert_any(Warp& warp, const Instruction& instruction, LaneMask mask) {
  for (LaneMask rest = mask; rest != 0; rest &= rest - 1) {
    const int lane = __builtin_ctz(rest);
    const std::uint64_t bits = read_lane(warp, instruction.from[0], lane);
    write_lane(warp, instruction.to[0], lane, extend(convert(bits, instruction), instruction.type));
  }
}

// cvt.rn.f16x2.f32 d, a, b: a goes to the upper half.
void convert_pair(Warp& warp, const Instruction& instruction, LaneMask mask) {
  Instruction single = instruction;
  single.type = instruction.type == Type::f16x2 ? Type::f16 : Type::bf16;
  for (LaneMask rest = mask; rest != 0; rest &= rest - 1) {
    const int lane = __builtin_ctz(rest);
    const std::uint64_t high = convert(read_lane(warp, instruction.from[0], lane), single);
    const std::uint64_t low = convert(read_lane(warp, instruction.from[1], lane), single);
    write_lane(warp, instruction.to[0], lane, high << 16 | low);
  }
}

template <class To>
Handler whole_from(Type source) {
  switch (source) {
    case Type::s16:
      return lanewise<To, std::int16_t>([](std::int16_t a) { return a; });
    case Type::u16:
      return lanewise<To, std::uint16_t>([](std::uint16_t a) { return a; });
    case Type::s32:
      return lanewise<To, std::int32_t>([](std::int32_t a) { return a; });
    case Type::u32:
      return lanewise<To, std::uint32_t>([](std::uint32_t a) { return a; });
    case Type::s64:
      return lanewise<To, std::int64_t>([](std::int64_t a) { return a; });
    case Type::u64:
      return lanewise<To, std::uint64_t>([](std::uint64_t a) { return a; });
    default:
      return nullptr;
  }
}

// The conversions that loops are made of, as vector loops; nullptr for all others.
Handler fast_handler(const Instruction& instruction, Mode mode) {
  const Type to = instruction.type, from = instruction.source_type;
  if (instruction.to[0].width != width_of(to) || instruction.from[0].width != width_of(from) ||
      instruction.has(kSaturate) || instruction.has(kFlush)) {
    return nullptr;
  }
  if (!is_float(to) && !is_float(from)) {
    switch (width_of(to)) {
      case 2:
        return whole_from<std::uint16_t>(from);
      case 4:
        return whole_from<std::uint32_t>(from);
      case 8:
        return whole_from<std::uint64_t>(from);
      default:
        return nullptr;
    }
  }
  if (mode != Mode::rn && mode != Mode::none) return nullptr;
  if (to == Type::f32 && from == Type::s32) {
    return lanewise<float, std::int32_t>([](std::int32_t a) { return static_cast<float>(a); });
  }
  if (to == Type::f32 && from == Type::u32) {
    return lanewise<float, std::uint32_t>([](std::uint32_t a) { return static_cast<float>(a); });
  }
  if (to == Type::f64 && from == Type::f32) {
    return lanewise<double, float>([](float a) { return static_cast<double>(a); });
  }
  if (to == Type::f32 && from == Type::f64) {
    return lanewise<float, double>([](double a) { return canonical(static_cast<float>(a)); });
  }
  return nullptr;
}

}  // namespace

Handler convert_handler(const Statement& s, Instruction& instruction) {
  if (s.has("pack") || s.opcode.size() < 3) return nullptr;
  const Mode mode = mode_of(s);
  instruction.operation =
      static_cast<std::uint8_t>(static_cast<int>(mode) | (s.has("relu") ? 16 : 0));
  const Type to = instruction.type;
  if (to == Type::f16x2 || to == Type::bf16x2) {
    const bool fits = instruction.source_type == Type::f32 && instruction.from[1].exists();
    return fits ? convert_pair : nullptr;
  }
  const bool known = width_of(to) > 0 && width_of(to) <= 8 && to != Type::pred &&
                     instruction.source_type != Type::f16x2 &&
                     instruction.source_type != Type::bf16x2 && !instruction.from[1].exists();
  if (!known) return nullptr;
  const Handler fast = fast_handler(instruction, mode);
  return fast ? fast : convert_any;
}

}  // namespace emulator
