// SPDX-License-Identifier: MIT
#pragma once

#include "tests/emulator/program/instruction.h"
#include "tests/emulator/text/syntax.h"

namespace emulator {

/// atom and red; nullptr for an operation that is not supported.
Handler atomic_handler(const Statement& statement, Instruction& instruction);

}  // namespace emulator
