// SPDX-License-Identifier: MIT
#include "tests/emulator/execution/handlers.h"
#include "tests/emulator/execution/lanewise.h"

#include <algorithm>
#include <bit>
#include <limits>
#include <type_traits>

namespace emulator {
namespace {

using std::int16_t, std::int32_t, std::int64_t;
using std::uint16_t, std::uint32_t, std::uint64_t, std::uint8_t;

__extension__ using int128_t = __int128;
__extension__ using uint128_t = unsigned __int128;

// A type of twice the width, for wide and high products.
template <class T>
struct Double;
template <>
struct Double<int16_t> {
  using type = int32_t;
};
template <>
struct Double<uint16_t> {
  using type = uint32_t;
};
template <>
struct Double<int32_t> {
  using type = int64_t;
};
template <>
struct Double<uint32_t> {
  using type = uint64_t;
};
template <>
struct Double<int64_t> {
  using type = int128_t;
};
template <>
struct Double<uint64_t> {
  using type = uint128_t;
};

template <class T>
using Wide = typename Double<T>::type;
template <class T>
using Unsigned = std::make_unsigned_t<T>;
template <class T>
constexpr uint32_t kBits = 8 * sizeof(T);

// Sums and products wrap: they are computed unsigned, in at least 32 bits, and cut to the type.
template <class T>
auto wrapping(T value) {
  return static_cast<std::conditional_t<sizeof(T) == 8, uint64_t, uint32_t>>(value);
}

template <class T>
T high_half(T a, T b) {
  return static_cast<T>((static_cast<Wide<T>>(a) * b) >> kBits<T>);
}

template <class T>
T saturate(Wide<T> value) {
  const Wide<T> least = std::numeric_limits<T>::min(), most = std::numeric_limits<T>::max();
  return static_cast<T>(value < least ? least : value > most ? most : value);
}

// Division by zero gives all ones, as the hardware's division does; the most negative number
// divided by -1 wraps.
template <class T>
T divide(T a, T b) {
  if (b == 0) return static_cast<T>(~T{0});
  if (std::is_signed_v<T> && b == static_cast<T>(-1)) return static_cast<T>(0 - wrapping(a));
  return static_cast<T>(a / b);
}

template <class T>
T remainder(T a, T b) {
  if (b == 0) return a;
  if (std::is_signed_v<T> && b == static_cast<T>(-1)) return 0;
  return static_cast<T>(a % b);
}

template <class T>
T shift_left(T a, uint32_t n) {
  return n >= kBits<T> ? T{0} : static_cast<T>(wrapping(a) << (n & (kBits<T> - 1)));
}

template <class T>
T shift_right(T a, uint32_t n) {
  return static_cast<T>(n >= kBits<T> ? (a < 0 ? -1 : 0) : a >> (n & (kBits<T> - 1)));
}

template <class T>
T extract_bits(T a, uint32_t position, uint32_t length) {
  position &= 255;
  length &= 255;
  if (length == 0) return 0;
  const uint32_t last = std::min(position + length - 1, kBits<T> - 1);
  const auto bits = static_cast<Unsigned<T>>(a);
  const bool sign = std::is_signed_v<T> && ((bits >> last) & 1) != 0;
  auto result = static_cast<Unsigned<T>>(position < kBits<T> ? bits >> position : 0);
  const uint32_t kept = position < kBits<T> ? std::min(length, kBits<T> - position) : 0;
  const auto mask =
      static_cast<Unsigned<T>>(kept >= kBits<T> ? ~uint64_t{0} : (uint64_t{1} << kept) - 1);
  result = static_cast<Unsigned<T>>(result & mask);
  return static_cast<T>(sign ? result | ~mask : result);
}

template <class T>
T insert_bits(T a, T b, uint32_t position, uint32_t length) {
  position &= 255;
  length &= 255;
  if (length == 0 || position >= kBits<T>) return b;
  length = std::min(length, kBits<T> - position);
  const T mask = (length >= kBits<T> ? ~T{0} : (T{1} << length) - T{1}) << position;
  return (b & ~mask) | ((a << position) & mask);
}

template <class T>
T reverse_bits(T value) {
  T result = 0;
  for (uint32_t i = 0; i < kBits<T>; ++i) result |= ((value >> i) & 1) << (kBits<T> - 1 - i);
  return result;
}

// The position of the highest bit that differs from the sign; ~0 if there is none.
template <class T>
uint32_t find_bit(T value) {
  const auto bits = static_cast<Unsigned<T>>(value < 0 ? ~value : value);
  return bits == 0 ? ~0u : kBits<T> - 1 - static_cast<uint32_t>(std::countl_zero(bits));
}

template <class T>
Handler product(const Statement& s, const Instruction& instruction) {
  if (s.has("wide")) {
    if constexpr (sizeof(T) < 8) {
      return lanewise<Wide<T>, T, T>([](T a, T b) { return static_cast<Wide<T>>(a) * b; });
    }
    return nullptr;
  }
  (void)instruction;
  if (s.has("hi")) return lanewise<T, T, T>([](T a, T b) { return high_half(a, b); });
  return lanewise<T, T, T>([](T a, T b) { return wrapping(a) * wrapping(b); });
}

template <class T>
Handler product_sum(const Statement& s, const Instruction& instruction) {
  if (s.has("wide")) {
    if constexpr (sizeof(T) < 8) {
      using W = Wide<T>;
      return lanewise<W, T, T, W>([](T a, T b, W c) {
        return wrapping(static_cast<W>(a)) * wrapping(static_cast<W>(b)) + wrapping(c);
      });
    }
    return nullptr;
  }
  if (s.has("hi")) {
    if (instruction.has(kSaturate)) {
      return lanewise<T, T, T, T>(
          [](T a, T b, T c) { return saturate<T>(static_cast<Wide<T>>(high_half(a, b)) + c); });
    }
    return lanewise<T, T, T, T>(
        [](T a, T b, T c) { return wrapping(high_half(a, b)) + wrapping(c); });
  }
  return lanewise<T, T, T, T>(
      [](T a, T b, T c) { return wrapping(a) * wrapping(b) + wrapping(c); });
}

// add.cc, addc, sub.cc, subc, mad.cc, madc: the carry lives in the warp, one bit a lane. A
// subtraction is the sum a + ~b + 1, so its carry is set if nothing was borrowed: the manual calls
// it a borrow, but nvcc's 128-bit division reads it with addc and needs it so.
enum CarryBits : uint8_t {
  kSubtract = 1,
  kTakeCarry = 2,
  kGiveCarry = 4,
  kLowProduct = 8,
  kHighProduct = 16
};

template <class T>
void with_carry(Warp& warp, const Instruction& instruction, LaneMask mask) {
  const T* a = warp.lanes<const T>(instruction.from[0]);
  const T* b = warp.lanes<const T>(instruction.from[1]);
  const int form = instruction.operation;
  const bool multiplies = (form & (kLowProduct | kHighProduct)) != 0;
  const T* c = multiplies ? warp.lanes<const T>(instruction.from[2]) : b;
  T* to = warp.lanes<T>(instruction.to[0]);
  for (LaneMask rest = mask; rest != 0; rest &= rest - 1) {
    const int lane = __builtin_ctz(rest);
    const LaneMask bit = 1u << lane;
    const T in = form & kTakeCarry ? (warp.carry & bit) != 0 : (form & kSubtract) != 0;
    T first = a[lane];
    if (form & kLowProduct) first = static_cast<T>(wrapping(a[lane]) * wrapping(b[lane]));
    if (form & kHighProduct) first = high_half(a[lane], b[lane]);
    const T second = form & kSubtract ? static_cast<T>(~c[lane]) : c[lane];
    const auto sum = static_cast<Wide<T>>(static_cast<Wide<T>>(first) + second + in);
    to[lane] = static_cast<T>(sum);
    if (form & kGiveCarry)
      warp.carry = (sum >> kBits<T>) != 0 ? warp.carry | bit : warp.carry & ~bit;
  }
}

template <class T>
Handler carry_handler(const Statement& s, Instruction& instruction) {
  const std::string_view base = s.base();
  int form = (s.has("cc") ? kGiveCarry : 0) | (base.size() == 4 ? kTakeCarry : 0);
  if (base[0] == 's') form |= kSubtract;
  if (base[0] == 'm') form |= s.has("hi") ? kHighProduct : kLowProduct;
  instruction.operation = static_cast<uint8_t>(form);
  // Only the high half of a product depends on the sign; its sum with a carry does not.
  if constexpr (std::is_signed_v<T>) {
    if (form & kHighProduct) return nullptr;
  }
  return with_carry<Unsigned<T>>;
}

template <class T>
Handler by_type(const Statement& s, Instruction& instruction) {
  const std::string_view base = s.base();
  const bool saturates = instruction.has(kSaturate);
  if (s.has("cc") || base == "addc" || base == "subc" || base == "madc") {
    return carry_handler<T>(s, instruction);
  }
  if (base == "add" && saturates) {
    return lanewise<T, T, T>([](T a, T b) { return saturate<T>(static_cast<Wide<T>>(a) + b); });
  }
  if (base == "sub" && saturates) {
    return lanewise<T, T, T>([](T a, T b) { return saturate<T>(static_cast<Wide<T>>(a) - b); });
  }
  if (base == "add") return lanewise<T, T, T>([](T a, T b) { return wrapping(a) + wrapping(b); });
  if (base == "sub") return lanewise<T, T, T>([](T a, T b) { return wrapping(a) - wrapping(b); });
  if (base == "mul") return product<T>(s, instruction);
  if (base == "mad") return product_sum<T>(s, instruction);
  if (base == "div") return one_by_one<T, T, T>([](T a, T b) { return divide(a, b); });
  if (base == "rem") return one_by_one<T, T, T>([](T a, T b) { return remainder(a, b); });
  if (base == "min") return lanewise<T, T, T>([](T a, T b) { return a < b ? a : b; });
  if (base == "max") return lanewise<T, T, T>([](T a, T b) { return a > b ? a : b; });
  if (base == "neg") return lanewise<T, T>([](T a) { return 0 - wrapping(a); });
  if (base == "abs")
    return lanewise<T, T>([](T a) { return a < 0 ? 0 - wrapping(a) : wrapping(a); });
  if (base == "sad") {
    return lanewise<T, T, T, T>([](T a, T b, T c) {
      return wrapping(c) + (a > b ? wrapping(a) - wrapping(b) : wrapping(b) - wrapping(a));
    });
  }
  if (base == "shr")
    return lanewise<T, T, uint32_t>([](T a, uint32_t n) { return shift_right(a, n); });
  if (base == "bfe") {
    return lanewise<T, T, uint32_t, uint32_t>(
        [](T a, uint32_t position, uint32_t length) { return extract_bits(a, position, length); });
  }
  if (base == "bfind" && s.has("shiftamt")) {
    return lanewise<uint32_t, T>([](T a) {
      const uint32_t position = find_bit(a);
      return position == ~0u ? ~0u : kBits<T> - 1 - position;
    });
  }
  if (base == "bfind") return lanewise<uint32_t, T>([](T a) { return find_bit(a); });
  return nullptr;
}

// Operations on bits, where the sign of the type does not matter.
template <class T>
Handler bits_by_type(const Statement& s) {
  const std::string_view base = s.base();
  if (base == "and") return lanewise<T, T, T>([](T a, T b) { return a & b; });
  if (base == "or") return lanewise<T, T, T>([](T a, T b) { return a | b; });
  if (base == "xor") return lanewise<T, T, T>([](T a, T b) { return a ^ b; });
  if (base == "not") return lanewise<T, T>([](T a) { return ~a; });
  if (base == "cnot") return lanewise<T, T>([](T a) { return a == 0; });
  if (base == "shl")
    return lanewise<T, T, uint32_t>([](T a, uint32_t n) { return shift_left(a, n); });
  if (base == "popc") return lanewise<uint32_t, T>([](T a) { return std::popcount(a); });
  if (base == "clz") return lanewise<uint32_t, T>([](T a) { return std::countl_zero(a); });
  if constexpr (sizeof(T) >= 4) {
    if (base == "brev") return lanewise<T, T>([](T a) { return reverse_bits(a); });
    if (base == "bfi") {
      return lanewise<T, T, T, uint32_t, uint32_t>(
          [](T a, T b, uint32_t position, uint32_t length) {
            return insert_bits(a, b, position, length);
          });
    }
  }
  if (base == "slct") {
    if (s.opcode.back() == "f32") {
      return lanewise<T, T, T, float>([](T a, T b, float c) { return c >= 0 ? a : b; });
    }
    return lanewise<T, T, T, int32_t>([](T a, T b, int32_t c) { return c >= 0 ? a : b; });
  }
  return nullptr;
}

}  // namespace

Handler integer_handler(const Statement& s, Instruction& instruction) {
  if (const Handler word = word_handler(s, instruction)) return word;
  Handler bits = nullptr;
  switch (width_of(instruction.type)) {
    case 2:
      bits = bits_by_type<uint16_t>(s);
      break;
    case 4:
      bits = bits_by_type<uint32_t>(s);
      break;
    case 8:
      bits = bits_by_type<uint64_t>(s);
      break;
    default:
      return nullptr;
  }
  if (bits) return bits;
  switch (instruction.type) {
    case Type::s16:
      return by_type<int16_t>(s, instruction);
    case Type::u16:
    case Type::b16:
      return by_type<uint16_t>(s, instruction);
    case Type::s32:
      return by_type<int32_t>(s, instruction);
    case Type::u32:
    case Type::b32:
      return by_type<uint32_t>(s, instruction);
    case Type::s64:
      return by_type<int64_t>(s, instruction);
    case Type::u64:
    case Type::b64:
      return by_type<uint64_t>(s, instruction);
    default:
      return nullptr;
  }
}

}  // namespace emulator
