// SPDX-License-Identifier: MIT
#include "tests/emulator/execution/handlers.h"
#include "tests/emulator/execution/lanewise.h"
#include "tests/emulator/execution/visit_type.h"

#include <algorithm>
#include <bit>
#include <limits>
#include <type_traits>

namespace emulator {
namespace {

using std::int32_t, std::int64_t, std::uint32_t, std::uint64_t, std::uint8_t;

template <class T>
constexpr uint32_t kBits = 8 * sizeof(T);
template <class T>
using Unsigned = std::make_unsigned_t<T>;

// A type of twice the width, for wide and high products.
__extension__ using int128_t = __int128;
__extension__ using uint128_t = unsigned __int128;
template <class S, class U, class T>
using WithSignOf = std::conditional_t<std::is_signed_v<T>, S, U>;
template <class T>
using Wide = std::conditional_t<sizeof(T) == 2, WithSignOf<int32_t, uint32_t, T>,
                                std::conditional_t<sizeof(T) == 4, WithSignOf<int64_t, uint64_t, T>,
                                                   WithSignOf<int128_t, uint128_t, T>>>;

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
T limited(Wide<T> value) {
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
T shift_right(T a, uint32_t n) {
  const auto past = static_cast<T>(a < 0 ? -1 : 0);
  return n >= kBits<T> ? past : static_cast<T>(a >> (n & (kBits<T> - 1)));
}

// The mask of the `length` lowest bits.
template <class T>
Unsigned<T> low_bits(uint32_t length) {
  return static_cast<Unsigned<T>>(length >= 64 ? ~uint64_t{0} : (uint64_t{1} << length) - 1);
}

// What lies past the top of `a` repeats the sign.
template <class T>
T extract_bits(T a, uint32_t position, uint32_t length) {
  position &= 255;
  length &= 255;
  if (length == 0) return 0;
  const uint32_t last = std::min(position + length - 1, kBits<T> - 1);
  const auto bits = static_cast<Unsigned<T>>(a);
  const bool sign = std::is_signed_v<T> && ((bits >> last) & 1) != 0;
  const uint32_t shift = std::min(position, kBits<T> - 1);
  const auto mask =
      position < kBits<T> ? low_bits<T>(std::min(length, kBits<T> - position)) : Unsigned<T>{0};
  const auto result = static_cast<Unsigned<T>>((bits >> shift) & mask);
  return static_cast<T>(sign ? result | ~mask : result);
}

template <class T>
T insert_bits(T a, T b, uint32_t position, uint32_t length) {
  position &= 255;
  if (position >= kBits<T>) return b;
  const T mask = low_bits<T>(std::min(length & 255, kBits<T> - position)) << position;
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

// add.cc, addc, sub.cc, subc, mad.cc, madc: the carry lives in the warp, one bit a lane. A
// subtraction is the sum a + ~b + 1, so its carry is set if nothing was borrowed: the manual calls
// it a borrow, but nvcc's 128-bit division reads it with addc and needs it so.
enum CarryForm : uint8_t { kSubtract = 1, kTakeCarry = 2, kGiveCarry = 4, kLow = 8, kHigh = 16 };

template <class T>
void with_carry(Warp& warp, const Instruction& instruction, LaneMask mask) {
  using U = Unsigned<T>;
  const int form = instruction.operation;
  const T* a = warp.lanes<const T>(instruction.from[0]);
  const T* b = warp.lanes<const T>(instruction.from[1]);
  const T* c = form & (kLow | kHigh) ? warp.lanes<const T>(instruction.from[2]) : b;
  LaneMask carry = 0;
  for (const std::size_t lane : lanes_of(mask)) {
    const bool in = form & kTakeCarry ? has_lane(warp.carry, lane) : (form & kSubtract) != 0;
    const T first = form & kLow    ? static_cast<T>(wrapping(a[lane]) * wrapping(b[lane]))
                    : form & kHigh ? high_half(a[lane], b[lane])
                                   : a[lane];
    const U second = static_cast<U>(form & kSubtract ? ~c[lane] : c[lane]);
    const auto sum =
        static_cast<Wide<U>>(static_cast<Wide<U>>(static_cast<U>(first)) + second + in);
    warp.lanes<U>(instruction.to[0])[lane] = static_cast<U>(sum);
    if ((sum >> kBits<T>) != 0) carry |= lane_bit(lane);
  }
  if (form & kGiveCarry) warp.carry = merged(warp.carry, carry, mask);
}

template <class T>
Handler carry_handler(const Statement& s, Instruction& instruction) {
  const char first = s.base()[0];
  int form = (s.has("cc") ? kGiveCarry : 0) | (s.base().back() == 'c' ? kTakeCarry : 0);
  if (first == 's') form |= kSubtract;
  if (first == 'm') form |= s.has("hi") ? kHigh : kLow;
  instruction.operation = static_cast<uint8_t>(form);
  return with_carry<T>;
}

template <class T>
Handler product(const Statement& s) {
  if (s.has("wide")) {
    if constexpr (sizeof(T) < 8) {
      return lanewise<Wide<T>>([](T a, T b) { return static_cast<Wide<T>>(a) * b; });
    }
    return nullptr;
  }
  return s.has("hi") ? lanewise<T>([](T a, T b) { return high_half(a, b); })
                     : lanewise<T>([](T a, T b) { return wrapping(a) * wrapping(b); });
}

template <class T>
Handler product_sum(const Statement& s, const Instruction& instruction) {
  using W = Wide<T>;
  if (s.has("wide")) {
    if constexpr (sizeof(T) < 8) {
      return lanewise<W>([](T a, T b, W c) {
        return wrapping(static_cast<W>(a)) * wrapping(static_cast<W>(b)) + wrapping(c);
      });
    }
    return nullptr;
  }
  if (!s.has("hi")) {
    return lanewise<T>([](T a, T b, T c) { return wrapping(a) * wrapping(b) + wrapping(c); });
  }
  return instruction.has(kSaturate)
             ? lanewise<T>([](T a, T b, T c) { return limited<T>(W{high_half(a, b)} + c); })
             : lanewise<T>([](T a, T b, T c) { return wrapping(high_half(a, b)) + wrapping(c); });
}

template <class T>
Handler arithmetic(const Statement& s, const Instruction& instruction) {
  using W = Wide<T>;
  const bool limits = instruction.has(kSaturate), amount = s.has("shiftamt");
  return named<Handler>(
      s.base(),
      {
          {"add", limits ? lanewise<T>([](T a, T b) { return limited<T>(W{a} + b); })
                         : lanewise<T>([](T a, T b) { return wrapping(a) + wrapping(b); })},
          {"sub", limits ? lanewise<T>([](T a, T b) { return limited<T>(W{a} - b); })
                         : lanewise<T>([](T a, T b) { return wrapping(a) - wrapping(b); })},
          {"mul", product<T>(s)},
          {"mad", product_sum<T>(s, instruction)},
          {"div", one_by_one<T>([](T a, T b) { return divide(a, b); })},
          {"rem", one_by_one<T>([](T a, T b) { return remainder(a, b); })},
          {"min", lanewise<T>([](T a, T b) { return a < b ? a : b; })},
          {"max", lanewise<T>([](T a, T b) { return a > b ? a : b; })},
          {"neg", lanewise<T>([](T a) { return 0 - wrapping(a); })},
          {"abs", lanewise<T>([](T a) { return a < 0 ? 0 - wrapping(a) : wrapping(a); })},
          {"sad", lanewise<T>([](T a, T b, T c) {
             return wrapping(c) + (a > b ? wrapping(a) - wrapping(b) : wrapping(b) - wrapping(a));
           })},
          {"shr", lanewise<T>([](T a, uint32_t n) { return shift_right(a, n); })},
          {"bfe", lanewise<T>([](T a, uint32_t position, uint32_t length) {
             return extract_bits(a, position, length);
           })},
          {"bfind", amount ? lanewise<uint32_t>([](T a) {
             const uint32_t position = find_bit(a);
             return position == ~0u ? ~0u : kBits<T> - 1 - position;
           })
                           : lanewise<uint32_t>([](T a) { return find_bit(a); })},
      });
}

// Operations on bits, where the sign of the type does not matter.
template <class T>
Handler bits(const Statement& s) {
  if constexpr (sizeof(T) >= 4) {
    if (s.base() == "brev") return lanewise<T>([](T a) { return reverse_bits(a); });
    if (s.base() == "bfi") {
      return lanewise<T>([](T a, T b, uint32_t position, uint32_t length) {
        return insert_bits(a, b, position, length);
      });
    }
  }
  const bool by_real = s.opcode.back() == "f32";
  return named<Handler>(
      s.base(),
      {
          {"and", lanewise<T>([](T a, T b) { return a & b; })},
          {"or", lanewise<T>([](T a, T b) { return a | b; })},
          {"xor", lanewise<T>([](T a, T b) { return a ^ b; })},
          {"not", lanewise<T>([](T a) { return ~a; })},
          {"cnot", lanewise<T>([](T a) { return a == 0; })},
          {"shl", lanewise<T>([](T a, uint32_t n) {
             return n >= kBits<T> ? T{0} : static_cast<T>(wrapping(a) << (n & (kBits<T> - 1)));
           })},
          {"popc", lanewise<uint32_t>([](T a) { return std::popcount(a); })},
          {"clz", lanewise<uint32_t>([](T a) { return std::countl_zero(a); })},
          {"slct", by_real ? lanewise<T>([](T a, T b, float c) { return c >= 0 ? a : b; })
                           : lanewise<T>([](T a, T b, int32_t c) { return c >= 0 ? a : b; })},
      });
}

}  // namespace

Handler integer_handler(const Statement& s, Instruction& instruction) {
  const Handler handler =
      visit_width(width_of(instruction.type), [&]<class T>(T) { return bits<T>(s); });
  if (handler) return handler;
  return visit_integer(instruction.type, [&]<class T>(T) -> Handler {
    if constexpr (sizeof(T) > 1) {
      const bool carries = s.has("cc") || s.base().back() == 'c';  // addc, subc, madc
      return carries ? carry_handler<T>(s, instruction) : arithmetic<T>(s, instruction);
    }
    return nullptr;
  });
}

}  // namespace emulator
