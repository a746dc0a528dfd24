// SPDX-License-Identifier: MIT
// Integer instructions of PTX against the host's arithmetic, on random and special inputs.
// case integers: clean
// case bits: clean
#include "tests/emulator/tests/features/conformance.h"

namespace {

void integers() {
  compare<U, U>("add", ASM2(U, "add.u32", "=r", "r"), HOST(U(a + b)));
  compare<U, U>("sub", ASM2(U, "sub.u32", "=r", "r"), HOST(U(a - b)));
  compare<U, U>("mul.lo", ASM2(U, "mul.lo.u32", "=r", "r"), HOST(U(a * b)));
  compare<U, U>("mul.hi.u32", ASM2(U, "mul.hi.u32", "=r", "r"), HOST(U(UL(a) * b >> 32)));
  compare<I, I>("mul.hi.s32", ASM2(I, "mul.hi.s32", "=r", "r"), HOST(I(L(a) * b >> 32)));
  compare<L, I>("mul.wide.s32", ASM2(L, "mul.wide.s32", "=l", "r"), HOST(L(a) * b));
  compare<UL, U>("mul.wide.u32", ASM2(UL, "mul.wide.u32", "=l", "r"), HOST(UL(a) * b));
  compare<U, U>("mad.lo", ASM3(U, "mad.lo.u32", "=r", "r"), HOST(U(a * b + c)));
  compare<I, I>("mad.hi", ASM3(I, "mad.hi.s32", "=r", "r"), HOST(I(U(L(a) * b >> 32) + U(c))));
  compare<UL, UL>("mul.hi.u64", ASM2(UL, "mul.hi.u64", "=l", "l"),
                  HOST(UL((unsigned __int128)a * b >> 64)));
  compare<L, L>("mul.hi.s64", ASM2(L, "mul.hi.s64", "=l", "l"), HOST(L((__int128)a * b >> 64)));
  compare<U, U>("div.u32", ASM2(U, "div.u32", "=r", "r"), HOST(b == 0 ? ~0u : a / b));
  compare<I, I>("min.s32", ASM2(I, "min.s32", "=r", "r"), HOST(std::min(a, b)));
  compare<U, U>("max.u32", ASM2(U, "max.u32", "=r", "r"), HOST(std::max(a, b)));
  compare<L, L>("max.s64", ASM2(L, "max.s64", "=l", "l"), HOST(std::max(a, b)));
  compare<I, I>("abs", ASM1(I, "abs.s32", "=r", "r"), HOST(I(a < 0 ? 0u - U(a) : U(a))));
  compare<I, I>("neg", ASM1(I, "neg.s32", "=r", "r"), HOST(I(0u - U(a))));
  compare<I, I>("add.sat", ASM2(I, "add.sat.s32", "=r", "r"),
                HOST(I(std::clamp<L>(L(a) + b, INT32_MIN, INT32_MAX))));
  compare<U, U>("sad", ASM3(U, "sad.u32", "=r", "r"), HOST(U((a > b ? a - b : b - a) + c)));
  compare<U, U>(
      "addc",
      [] __device__(U a, U b, U c) {
        U low, high;
        asm("add.cc.u32 %0, %2, %3;\n\taddc.u32 %1, %4, %3;"
            : "=&r"(low), "=r"(high)
            : "r"(a), "r"(b), "r"(c));
        return low ^ high;
      },
      HOST(U((a + b) ^ (c + b + (UL(a) + b >> 32)))));
  compare<I, I>(
      "mad.hi.cc",
      [] __device__(I a, I b, I c) {
        I low, high;
        asm("mad.hi.cc.s32 %0, %2, %3, %4;\n\taddc.s32 %1, %3, %4;"
            : "=&r"(low), "=r"(high)
            : "r"(a), "r"(b), "r"(c));
        return low ^ high;
      },
      [](I a, I b, I c) {
        const U product = U(L(a) * b >> 32);
        const U carry = U((UL(product) + U(c)) >> 32);
        return I((product + U(c)) ^ (U(b) + U(c) + carry));
      });
  compare<I, I>("dp4a", ASM3(I, "dp4a.s32.s32", "=r", "r"), [](I a, I b, I c) {
    U sum = U(c);
    for (int i = 0; i < 4; ++i) sum += U(I(std::int8_t(a >> 8 * i)) * I(std::int8_t(b >> 8 * i)));
    return I(sum);
  });
}

void bits() {
  compare<U, U>("and", ASM2(U, "and.b32", "=r", "r"), HOST(a & b));
  compare<U, U>(
      "lop3",
      [] __device__(U a, U b, U c) {
        U r;
        asm("lop3.b32 %0, %1, %2, %3, 0xe8;" : "=r"(r) : "r"(a), "r"(b), "r"(c));
        return r;
      },
      HOST(U((a & b) | (a & c) | (b & c))));
  compare<U, U>("shl", ASM2(U, "shl.b32", "=r", "r"), HOST(b > 31 ? 0u : a << b));
  compare<U, U>("shr.u32", ASM2(U, "shr.u32", "=r", "r"), HOST(b > 31 ? 0u : a >> b));
  compare<I, I>("shr.s32", ASM2(I, "shr.s32", "=r", "r"), HOST(a >> std::min(U(b), 31u)));
  compare<U, U>("popc", ASM1(U, "popc.b32", "=r", "r"), HOST(U(__builtin_popcount(a))));
  compare<U, U>("clz", ASM1(U, "clz.b32", "=r", "r"), HOST(a ? U(__builtin_clz(a)) : 32u));
  compare<U, UL>("clz.b64", ASM1(U, "clz.b64", "=r", "l"), HOST(a ? U(__builtin_clzll(a)) : 64u));
  compare<U, U>("brev", ASM1(U, "brev.b32", "=r", "r"), [](U a, U, U) {
    U r = 0;
    for (int i = 0; i < 32; ++i) r |= (a >> i & 1) << (31 - i);
    return r;
  });
  compare<U, U>("bfind.u32", ASM1(U, "bfind.u32", "=r", "r"),
                HOST(a ? 31u - U(__builtin_clz(a)) : ~0u));
  compare<U, I>("bfind.s32", ASM1(U, "bfind.s32", "=r", "r"), [](I a, I, I) {
    const U v = a < 0 ? ~U(a) : U(a);
    return v ? 31u - U(__builtin_clz(v)) : ~0u;
  });
  compare<U, U>("bfind.shiftamt", ASM1(U, "bfind.shiftamt.u32", "=r", "r"),
                HOST(a ? U(__builtin_clz(a)) : ~0u));
  compare<U, U>(
      "bfe.u32",
      [] __device__(U a, U b, U) {
        U r;
        asm("bfe.u32 %0, %1, %2, %3;" : "=r"(r) : "r"(a), "r"(b % 32), "r"(b / 32 % 33));
        return r;
      },
      [](U a, U b, U) {
        const U from = b % 32, length = b / 32 % 33;
        return U(a >> from & ((UL{1} << length) - 1));
      });
  compare<U, U>(
      "bfi",
      [] __device__(U a, U b, U c) {
        U r;
        asm("bfi.b32 %0, %1, %2, %3, %4;"
            : "=r"(r)
            : "r"(a), "r"(c), "r"(b % 32), "r"(b / 32 % 33));
        return r;
      },
      [](U a, U b, U c) {
        const U from = b % 32, length = b / 32 % 33;
        const U mask = U(((UL{1} << length) - 1) << from);
        return (c & ~mask) | (a << from & mask);
      });
  compare<U, U>(
      "bmsk.clamp",
      [] __device__(U a, U b, U) {
        U r;
        asm("bmsk.clamp.b32 %0, %1, %2;" : "=r"(r) : "r"(a % 40), "r"(b % 40));
        return r;
      },
      HOST(a % 40 > 31 ? 0u : U(((UL{1} << std::min(b % 40, 32u)) - 1) << a % 40)));
  compare<U, U>("bmsk.wrap", ASM2(U, "bmsk.wrap.b32", "=r", "r"),
                HOST(U(((UL{1} << b % 32) - 1) << a % 32)));
  compare<U, I>(
      "cvt.pack.sat.s16", ASM2(U, "cvt.pack.sat.s16.s32", "=r", "r"),
      HOST(U(std::clamp(a, -32768, 32767)) << 16 | (U(std::clamp(b, -32768, 32767)) & 0xffff)));
  compare<U, I>("cvt.pack.sat.u8", ASM3(U, "cvt.pack.sat.u8.s32.b32", "=r", "r"),
                HOST(U(c) << 16 | U(std::clamp(a, 0, 255)) << 8 | U(std::clamp(b, 0, 255))));
  compare<U, I>(
      "cvt.pack.sat.s4", ASM3(U, "cvt.pack.sat.s4.s32.b32", "=r", "r"),
      HOST(U(c) << 8 | (U(std::clamp(a, -8, 7)) & 15) << 4 | (U(std::clamp(b, -8, 7)) & 15)));
  compare<U, U>("prmt", ASM3(U, "prmt.b32", "=r", "r"), [](U a, U b, U c) {
    const UL both = UL(b) << 32 | a;
    U r = 0;
    for (int i = 0; i < 4; ++i) {
      const U selector = c >> 4 * i & 15;
      U byte = U(both >> 8 * (selector & 7)) & 255;
      if (selector & 8) byte = byte & 128 ? 255 : 0;
      r |= byte << 8 * i;
    }
    return r;
  });
  compare<U, U>("shf.l.wrap", ASM3(U, "shf.l.wrap.b32", "=r", "r"),
                HOST(U((UL(b) << 32 | a) << (c & 31) >> 32)));
  compare<U, U>("shf.r.clamp", ASM3(U, "shf.r.clamp.b32", "=r", "r"),
                HOST(U((UL(b) << 32 | a) >> std::min(c, 32u))));
}

}  // namespace

int main(int count, char** arguments) {
  return run_case(count, arguments, {{"integers", integers}, {"bits", bits}});
}
