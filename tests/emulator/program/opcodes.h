// SPDX-License-Identifier: MIT
#pragma once

#include "tests/emulator/program/instruction.h"
#include "tests/emulator/text/syntax.h"

#include <optional>
#include <string_view>

namespace emulator {

/// How an instruction is decoded, if its operands say all about it (calls, branches, barriers of
/// blocks and cp.async do not). `operands` has a letter for each of them, in their order:
///   d  destination of the type's width (.wide: twice that), or wider
///   w  destination of 32 bits
///   r  destination of any width, or none, or a destination and a predicate
///   v  destination, or a vector of them
///   p  destination predicate, or two
///   t  source of the type
///   s  source of the last type that is named (cvt, setp)
///   c  source of the destination's width
///   4  source of 32 bits; 8: of 64 bits
///   V  source, or a vector of them
///   m  address
///   b  source predicate, which may be negated; B: not
///   M  the member mask of a warp-wide instruction
///   ?  those that follow may be missing
struct Opcode {
  using Choose = Handler (*)(const Statement&, Instruction&);
  std::string_view names;  // a space between two; "not.pred" for predicates, "vote.ballot"
  std::string_view operands;
  Choose choose = nullptr;
  std::optional<Class> counted_as = {};  // nullopt: by the type
};

/// nullptr for an instruction that is not in the table.
const Opcode* find_opcode(const Statement& statement, const Instruction& instruction);

}  // namespace emulator
