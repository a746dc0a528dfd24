// SPDX-License-Identifier: MIT
// Locks, optimised.
// case lanes: clean
// case warps: clean
// case blocks: clean
// case turns: clean
#include "tests/emulator/tests/features/locks.h"

int main(int count, char** arguments) { return run_locks(count, arguments); }
