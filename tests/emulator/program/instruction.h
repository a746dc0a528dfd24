// SPDX-License-Identifier: MIT
#pragma once

#include "tests/emulator/program/types.h"
#include "tests/emulator/report/counters.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace emulator {

struct Warp;
struct Instruction;

/// One bit a lane.
using LaneMask = std::uint32_t;
inline constexpr int kLanes = 32;
inline constexpr LaneMask kAllLanes = ~0u;

/// Does an instruction for the lanes of a mask, which is never empty.
using Handler = void (*)(Warp&, const Instruction&, LaneMask);
/// Compares the sources of an instruction, in halves `part` of packed pairs, for all lanes.
using Relation = LaneMask (*)(const Warp&, const Instruction&, std::size_t part);

/// Where a value lies: bytes from the start of the register frame, or, with the top bit set, of
/// the program's constants. A value is an array of 32 lanes; a predicate is one LaneMask.
struct Operand {
  static constexpr std::uint32_t kNone = ~0u;
  static constexpr std::uint32_t kConstant = 1u << 31;
  std::uint32_t place = kNone;
  std::uint8_t width = 0;  // bytes of a lane; 0 for a predicate
  bool exists() const { return place != kNone; }
};

/// How the warp goes on after an instruction; all but `next` are done by the warp itself.
enum class Control : std::uint8_t {
  next,
  branch,
  branch_indexed,
  call,
  call_indirect,
  leave,
  exit,
  block_barrier,
  warp_wide,
  trap,
};

/// Bits of Instruction::flags.
enum Flag : std::uint16_t {
  kFlush = 1,     // .ftz
  kSaturate = 2,  // .sat
  kVolatile = 4,  // .volatile
  kStrong = 8,    // .relaxed, .acquire, .release, atomics: accesses that may not tear or race
  kAcquire = 16,
  kRelease = 32,
  kSigned = 64,             // of cvt.pack
  kNegatedPredicate = 128,  // of the predicate source
  kParameter = 256,         // .param of a function: may copy what was never written
  kAnyGuess = 512,          // atom.cas in a function: a plain load anywhere may be its guess
  kSelects = 1024,          // selp
  kEarly = 2048,            // a load whose value matters only if a later selp takes it
};

enum class Scope : std::uint8_t { block, device, system };
enum class Rounding : std::uint8_t { nearest, zero, down, up };

/// A decoded instruction: everything that does not change from lane to lane is resolved.
struct Instruction {
  Handler handler = nullptr;
  Handler inner = nullptr;      // what a handler that changes the rounding mode wraps
  Relation relation = nullptr;  // of setp and set
  Control control = Control::next;
  Type type = Type::none;         // of the result; of the value for loads and stores
  Type source_type = Type::none;  // of the source where it differs (cvt, setp)
  Space space = Space::generic;
  Class counted_as = Class::integer;
  Scope scope = Scope::device;
  Rounding rounding = Rounding::nearest;
  std::uint8_t vector = 1;     // elements of a vector load or store
  std::uint8_t operation = 0;  // which of the handler's operations
  std::uint16_t flags = 0;
  bool guard_negated = false;
  Operand guard;
  std::array<Operand, 4> to;
  std::array<Operand, 5> from;
  std::int64_t offset = 0;     // added to an address
  std::uint32_t target = 0;    // code index of a branch; index of a call site or table
  std::uint32_t location = 0;  // index of Program::locations
  std::uint32_t text = 0;      // line of the PTX text

  bool has(Flag flag) const { return (flags & flag) != 0; }
};

}  // namespace emulator
