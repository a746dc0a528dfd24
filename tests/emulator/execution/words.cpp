// SPDX-License-Identifier: MIT
#include "tests/emulator/execution/handlers.h"
#include "tests/emulator/execution/lanewise.h"

#include <string_view>
#include <type_traits>

namespace emulator {
namespace {

using u32 = std::uint32_t;
using std::int16_t, std::int32_t, std::int8_t;
using std::uint16_t, std::uint64_t, std::uint8_t;

// The position of the n-th set bit from `base` upwards (n > 0) or downwards (n < 0).
u32 find_nth_set(u32 mask, u32 base, int32_t n) {
  if (n == 0) return base < 32 && ((mask >> base) & 1) ? base : ~0u;
  int32_t left = n > 0 ? n : -n;
  for (auto position = static_cast<int32_t>(base);
       position >= 0 && position<32; position += n> 0 ? 1 : -1) {
    if (((mask >> position) & 1) && --left == 0) return static_cast<u32>(position);
  }
  return ~0u;
}

u32 look_up(u32 a, u32 b, u32 c, u32 table) {
  u32 result = 0;
  for (u32 row = 0; row < 8; ++row) {
    const u32 chosen = 0u - ((table >> row) & 1);
    result |= chosen & (row & 4 ? a : ~a) & (row & 2 ? b : ~b) & (row & 1 ? c : ~c);
  }
  return result;
}

// Which of the eight bytes of b:a each byte of the result takes, and whether only its sign.
u32 permute(u32 a, u32 b, u32 selector) {
  const uint64_t bytes = static_cast<uint64_t>(b) << 32 | a;
  u32 result = 0;
  for (u32 i = 0; i < 4; ++i) {
    const u32 choice = (selector >> (4 * i)) & 15;
    auto byte = static_cast<u32>(bytes >> (8 * (choice & 7))) & 255;
    if (choice & 8) byte = byte & 128 ? 255 : 0;
    result |= byte << (8 * i);
  }
  return result;
}

// The modes of prmt that have a name: the selector each gives for the low two bits of c.
template <u32 first, u32 second, u32 third, u32 fourth>
Handler permute_by() {
  return lanewise<u32>([](u32 a, u32 b, u32 c) {
    constexpr u32 kSelectors[] = {first, second, third, fourth};
    return permute(a, b, kSelectors[c & 3]);
  });
}

Handler permute_handler(std::string_view mode) {
  const Handler handler =
      named<Handler>(mode, {{"f4e", permute_by<0x3210, 0x4321, 0x5432, 0x6543>()},
                            {"b4e", permute_by<0x5670, 0x6701, 0x7012, 0x0123>()},
                            {"rc8", permute_by<0x0000, 0x1111, 0x2222, 0x3333>()},
                            {"ecl", permute_by<0x3210, 0x3211, 0x3222, 0x3333>()},
                            {"ecr", permute_by<0x0000, 0x1110, 0x2210, 0x3210>()},
                            {"rc16", permute_by<0x1010, 0x3232, 0x1010, 0x3232>()}});
  return handler ? handler : lanewise<u32>([](u32 a, u32 b, u32 c) { return permute(a, b, c); });
}

// Shifts the 64 bits of b:a: to the left for its upper word, to the right for its lower.
Handler funnel_handler(const Statement& s) {
  static constexpr auto join = [](u32 low, u32 high) { return uint64_t{high} << 32 | low; };
  if (s.has("l")) {
    return s.has("wrap")
               ? lanewise<u32>([](u32 a, u32 b, u32 n) { return (join(a, b) << (n & 31)) >> 32; })
               : lanewise<u32>([](u32 a, u32 b, u32 n) {
                   return n >= 32 ? a : static_cast<u32>((join(a, b) << n) >> 32);
                 });
  }
  return s.has("wrap") ? lanewise<u32>([](u32 a, u32 b, u32 n) { return join(a, b) >> (n & 31); })
                       : lanewise<u32>([](u32 a, u32 b, u32 n) {
                           return n >= 32 ? b : static_cast<u32>(join(a, b) >> n);
                         });
}

// bmsk: `count` ones from bit `from` on.
u32 bit_mask(u32 from, u32 count) {
  return from >= 32 ? 0 : static_cast<u32>(((uint64_t{1} << std::min(count, 32u)) - 1) << from);
}

// c plus the products of the elements of a with the bytes of b.
template <class A, class B>
u32 dot(u32 a, u32 b, u32 c) {
  for (u32 i = 0; i < 4 / sizeof(A); ++i) {
    c += static_cast<u32>(static_cast<A>(a >> (8 * sizeof(A) * i)) * static_cast<B>(b >> (8 * i)));
  }
  return c;
}

// dp4a: a holds four bytes; dp2a: two 16-bit values, for the low or the high half of b.
template <class A8, class A16, class B>
Handler dot_handler(const Statement& s) {
  if (s.base() == "dp4a") {
    return lanewise<u32>([](u32 a, u32 b, u32 c) { return dot<A8, B>(a, b, c); });
  }
  return s.has("lo")
             ? lanewise<u32>([](u32 a, u32 b, u32 c) { return dot<A16, B>(a, b, c); })
             : lanewise<u32>([](u32 a, u32 b, u32 c) { return dot<A16, B>(a, b >> 16, c); });
}

Handler dot_by_types(const Statement& s, const Instruction& instruction) {
  const bool a = is_signed(instruction.type), b = is_signed(instruction.source_type);
  if (a)
    return b ? dot_handler<int8_t, int16_t, int8_t>(s) : dot_handler<int8_t, int16_t, uint8_t>(s);
  return b ? dot_handler<uint8_t, uint16_t, int8_t>(s) : dot_handler<uint8_t, uint16_t, uint8_t>(s);
}

// mul24, mad24: the low or high 32 bits of the product of the low 24 bits of a and b.
template <class T, int shift>
Handler product_24(const Statement& s) {
  static constexpr auto multiply = [](T a, T b) {
    using Wide = std::conditional_t<std::is_signed_v<T>, std::int64_t, uint64_t>;
    const auto low24 = [](T x) {
      return static_cast<T>(static_cast<T>(static_cast<u32>(x) << 8) >> 8);
    };
    return (static_cast<Wide>(low24(a)) * low24(b)) >> shift;
  };
  return s.base() == "mul24" ? lanewise<T>([](T a, T b) { return multiply(a, b); })
                             : lanewise<T>([](T a, T b, T c) { return multiply(a, b) + c; });
}

template <class T>
Handler product_24_by_half(const Statement& s) {
  return s.has("hi") ? product_24<T, 16>(s) : product_24<T, 0>(s);
}

}  // namespace

Handler word_handler(const Statement& s, Instruction& instruction) {
  const std::string_view base = s.base();
  if (base == "lop3") {
    return lanewise<u32>([](u32 a, u32 b, u32 c, u32 table) { return look_up(a, b, c, table); });
  }
  if (base == "fns") {
    return one_by_one<u32>(
        [](u32 mask, u32 from, int32_t n) { return find_nth_set(mask, from, n); });
  }
  if (base == "bmsk") {
    return s.has("wrap") ? lanewise<u32>([](u32 a, u32 b) { return bit_mask(a & 31, b & 31); })
                         : lanewise<u32>([](u32 a, u32 b) { return bit_mask(a, b); });
  }
  if (base == "prmt") return permute_handler(s.opcode.back());
  if (base == "shf") return funnel_handler(s);
  if (base == "dp4a" || base == "dp2a") return dot_by_types(s, instruction);
  return instruction.type == Type::s32 ? product_24_by_half<int32_t>(s)
                                       : product_24_by_half<u32>(s);
}

}  // namespace emulator
