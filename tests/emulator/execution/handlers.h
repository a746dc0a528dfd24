// SPDX-License-Identifier: MIT
#pragma once

#include "tests/emulator/program/instruction.h"
#include "tests/emulator/text/syntax.h"

namespace emulator {

// The decoder asks these for the handler of an instruction whose types, flags, rounding and
// operands are already filled in. nullptr: not supported. They may set Instruction::operation,
// inner and relation.

/// add, mul, fma, min, shifts, logic, bit fields, ... by type.
Handler integer_handler(const Statement& s, Instruction& instruction);
/// Operations on 32-bit words alone: lop3, prmt, shf, fns, dp4a, mul24, ...
Handler word_handler(const Statement& s, Instruction& instruction);
Handler real_handler(const Statement& s, Instruction& instruction);
Handler half_handler(const Statement& s, Instruction& instruction);
/// setp and set.
Handler compare_handler(const Statement& s, Instruction& instruction);
Handler select_handler(const Statement& s, Instruction& instruction);
/// mov, not, and, or, xor of predicates.
Handler predicate_handler(const Statement& s, Instruction& instruction);
/// testp.
Handler test_handler(const Statement& s, Instruction& instruction);
/// cvt.
Handler convert_handler(const Statement& s, Instruction& instruction);
/// mov of values and vectors.
Handler move_handler(const Statement& s, Instruction& instruction);
/// cvta, isspacep, activemask.
Handler address_handler(const Statement& s, Instruction& instruction);
Handler load_handler(const Statement& s, Instruction& instruction);
Handler store_handler(const Statement& s, Instruction& instruction);
/// atom and red.
Handler atomic_handler(const Statement& s, Instruction& instruction);
/// fence and membar.
Handler fence_handler(const Statement& s, Instruction& instruction);
/// cp.async in all its forms.
Handler copy_handler(const Statement& s, Instruction& instruction);
/// mbarrier in all its forms, and cp.async.mbarrier.arrive.
Handler mbarrier_handler(const Statement& s, Instruction& instruction);
/// shfl, vote, match, redux, bar.warp: run by the warp once the lanes they name have met.
Handler warp_wide_handler(const Statement& s, Instruction& instruction);
/// vprintf, __assertfail, malloc, free: functions that the driver provides; Instruction::target is
/// a call site.
Handler builtin_handler(std::string_view function);

/// Makes `read` the instruction that reads the special register of that name ("%tid.x"), but for
/// its destination, and returns the register's bytes; 0 if there is none.
int special_register(std::string_view name, Instruction& read);
/// to = local frame of this call + offset.
Handler local_address_handler();
/// A selp (Instruction::inner) of what a load that is kEarly (Instruction::target) read.
Handler select_loaded_handler();
/// The handler, run in the instruction's rounding mode.
Handler rounded_as_told(Handler handler, Instruction& instruction);

}  // namespace emulator
