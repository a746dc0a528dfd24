// SPDX-License-Identifier: MIT
#include "tests/emulator/execution/handlers.h"
#include "tests/emulator/execution/lanewise.h"

#include <iterator>
#include <string_view>
#include <type_traits>

namespace emulator {
namespace {

using std::int16_t, std::int32_t, std::int8_t;
using std::uint16_t, std::uint32_t, std::uint64_t, std::uint8_t;

// The position of the n-th set bit from `base` upwards (n > 0) or downwards (n < 0).
uint32_t find_nth_set(uint32_t mask, uint32_t base, int32_t n) {
  if (n == 0) return base < 32 && ((mask >> base) & 1) ? base : ~0u;
  int32_t left = n > 0 ? n : -n;
  for (auto position = static_cast<int32_t>(base);
       position >= 0 && position<32; position += n> 0 ? 1 : -1) {
    if (((mask >> position) & 1) && --left == 0) return static_cast<uint32_t>(position);
  }
  return ~0u;
}

uint32_t look_up(uint32_t a, uint32_t b, uint32_t c, uint32_t table) {
  uint32_t result = 0;
  for (uint32_t row = 0; row < 8; ++row) {
    const uint32_t chosen = 0u - ((table >> row) & 1);
    result |= chosen & (row & 4 ? a : ~a) & (row & 2 ? b : ~b) & (row & 1 ? c : ~c);
  }
  return result;
}

// Which of the eight bytes of b:a each byte of the result takes, and whether only its sign.
uint32_t permute(uint32_t a, uint32_t b, uint32_t selector) {
  const uint64_t bytes = static_cast<uint64_t>(b) << 32 | a;
  uint32_t result = 0;
  for (uint32_t i = 0; i < 4; ++i) {
    const uint32_t choice = (selector >> (4 * i)) & 15;
    auto byte = static_cast<uint32_t>(bytes >> (8 * (choice & 7))) & 255;
    if (choice & 8) byte = byte & 128 ? 255 : 0;
    result |= byte << (8 * i);
  }
  return result;
}

// The modes of prmt that have a name: the selector each gives for the low two bits of c.
constexpr std::string_view kPermuteModes[] = {"f4e", "b4e", "rc8", "ecl", "ecr", "rc16"};
constexpr uint32_t kPermuteSelectors[6][4] = {
    {0x3210, 0x4321, 0x5432, 0x6543}, {0x5670, 0x6701, 0x7012, 0x0123},
    {0x0000, 0x1111, 0x2222, 0x3333}, {0x3210, 0x3211, 0x3222, 0x3333},
    {0x0000, 0x1110, 0x2210, 0x3210}, {0x1010, 0x3232, 0x1010, 0x3232}};

template <std::size_t mode = 0>
Handler permute_handler(std::string_view name) {
  using u32 = uint32_t;
  if constexpr (mode < std::size(kPermuteModes)) {
    if (name != kPermuteModes[mode]) return permute_handler<mode + 1>(name);
    return lanewise<u32, u32, u32, u32>(
        [](u32 a, u32 b, u32 c) { return permute(a, b, kPermuteSelectors[mode][c & 3]); });
  }
  return lanewise<u32, u32, u32, u32>([](u32 a, u32 b, u32 c) { return permute(a, b, c); });
}

uint64_t join(uint32_t low, uint32_t high) { return uint64_t{high} << 32 | low; }

Handler funnel_handler(const Statement& s) {
  using u32 = uint32_t;
  if (s.has("l") && s.has("wrap")) {
    return lanewise<u32, u32, u32, u32>(
        [](u32 a, u32 b, u32 n) { return (join(a, b) << (n & 31)) >> 32; });
  }
  if (s.has("l")) {
    return lanewise<u32, u32, u32, u32>(
        [](u32 a, u32 b, u32 n) { return n >= 32 ? a : u32((join(a, b) << n) >> 32); });
  }
  if (s.has("wrap")) {
    return lanewise<u32, u32, u32, u32>([](u32 a, u32 b, u32 n) { return join(a, b) >> (n & 31); });
  }
  return lanewise<u32, u32, u32, u32>(
      [](u32 a, u32 b, u32 n) { return n >= 32 ? b : u32(join(a, b) >> n); });
}

template <class A, class B>
uint32_t dot_4(uint32_t a, uint32_t b, uint32_t c) {
  for (int i = 0; i < 4; ++i) {
    c += static_cast<uint32_t>(static_cast<A>(a >> (8 * i)) * static_cast<B>(b >> (8 * i)));
  }
  return c;
}

// a holds 16-bit values, b bytes.
template <class A, class B>
uint32_t dot_2(uint32_t a, uint32_t b, uint32_t c) {
  using A16 = std::conditional_t<std::is_signed_v<A>, int16_t, uint16_t>;
  for (int i = 0; i < 2; ++i) {
    c += static_cast<uint32_t>(static_cast<A16>(a >> (16 * i)) * static_cast<B>(b >> (8 * i)));
  }
  return c;
}

// The sum of products of the bytes of a with the bytes (dp4a) or half of the 16-bit halves of b.
template <class A, class B>
Handler dot_handler(const Statement& s) {
  using u32 = uint32_t;
  if (s.base() == "dp4a") {
    return lanewise<u32, u32, u32, u32>([](u32 a, u32 b, u32 c) { return dot_4<A, B>(a, b, c); });
  }
  if (s.has("lo")) {
    return lanewise<u32, u32, u32, u32>([](u32 a, u32 b, u32 c) { return dot_2<A, B>(a, b, c); });
  }
  return lanewise<u32, u32, u32, u32>(
      [](u32 a, u32 b, u32 c) { return dot_2<A, B>(a, b >> 16, c); });
}

Handler dot_by_types(const Statement& s, const Instruction& instruction) {
  const bool a = is_signed(instruction.type), b = is_signed(instruction.source_type);
  if (a) return b ? dot_handler<int8_t, int8_t>(s) : dot_handler<int8_t, uint8_t>(s);
  return b ? dot_handler<uint8_t, int8_t>(s) : dot_handler<uint8_t, uint8_t>(s);
}

// The full product of the low 24 bits of a and b, with the sign of T.
template <class T>
auto multiply_24(T a, T b) {
  using Wide = std::conditional_t<std::is_signed_v<T>, std::int64_t, uint64_t>;
  const auto low24 = [](T x) {
    return static_cast<T>(static_cast<T>(static_cast<uint32_t>(x) << 8) >> 8);
  };
  return static_cast<Wide>(low24(a)) * low24(b);
}

// mul24, mad24: the low or high 32 bits of a product of 24-bit numbers.
template <class T>
Handler product_24(const Statement& s) {
  if (s.base() == "mul24") {
    if (s.has("hi")) return lanewise<T, T, T>([](T a, T b) { return multiply_24(a, b) >> 16; });
    return lanewise<T, T, T>([](T a, T b) { return multiply_24(a, b); });
  }
  if (s.has("hi")) {
    return lanewise<T, T, T, T>([](T a, T b, T c) { return (multiply_24(a, b) >> 16) + c; });
  }
  return lanewise<T, T, T, T>([](T a, T b, T c) { return multiply_24(a, b) + c; });
}

}  // namespace

Handler word_handler(const Statement& s, const Instruction& instruction) {
  const std::string_view base = s.base();
  using u32 = uint32_t;
  if (base == "lop3") {
    return lanewise<u32, u32, u32, u32, u32>(
        [](u32 a, u32 b, u32 c, u32 table) { return look_up(a, b, c, table); });
  }
  if (base == "prmt") return permute_handler(s.opcode.back());
  if (base == "shf") return funnel_handler(s);
  if (base == "fns") {
    return one_by_one<u32, u32, u32, int32_t>(
        [](u32 mask, u32 from, int32_t n) { return find_nth_set(mask, from, n); });
  }
  if (base == "dp4a" || base == "dp2a") return dot_by_types(s, instruction);
  if (base == "mul24" || base == "mad24") {
    return instruction.type == Type::s32 ? product_24<int32_t>(s) : product_24<uint32_t>(s);
  }
  return nullptr;
}

}  // namespace emulator
