// SPDX-License-Identifier: MIT
#pragma once

#include "tests/emulator/program/instruction.h"
#include "tests/emulator/text/syntax.h"

namespace emulator {

// The decoder asks these for the handler of an instruction whose types, flags, rounding and
// operands are already filled in. nullptr: not supported. They may set Instruction::operation.

/// add, mul, fma, min, shifts, logic, bit fields, ... by type.
Handler integer_handler(const Statement& statement, Instruction& instruction);
/// Operations on 32-bit words alone: lop3, prmt, shf, fns, dp4a, mul24, ...
Handler word_handler(const Statement& statement, const Instruction& instruction);
Handler real_handler(const Statement& statement, Instruction& instruction);
Handler half_handler(const Statement& statement, Instruction& instruction);
/// setp, set, selp, slct, predicate logic, testp.
Handler compare_handler(const Statement& statement, Instruction& instruction);
/// cvt.
Handler convert_handler(const Statement& statement, Instruction& instruction);
/// mov in all its forms, special registers, cvta, isspacep, activemask.
Handler move_handler(const Statement& statement, Instruction& instruction);
/// ld, st, atom, red, cp.async, fence.
Handler memory_handler(const Statement& statement, Instruction& instruction);
/// shfl, vote, match, redux, bar.warp: run by the warp once the lanes they name have met.
Handler warp_wide_handler(const Statement& statement, Instruction& instruction);
/// vprintf, __assertfail: functions that the driver provides; Instruction::target is a call site.
Handler builtin_handler(std::string_view function);

/// The special register of that name ("%tid.x") as an operation of special_register_handler(),
/// or -1.
int special_register(std::string_view name);
int special_register_width(int number);
Handler special_register_handler();
/// to = local frame of this call + offset.
Handler local_address_handler();

}  // namespace emulator
