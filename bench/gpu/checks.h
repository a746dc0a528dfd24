// SPDX-License-Identifier: MIT
#pragma once

namespace kindling::bench {

/// Repeats ops and whole trainings, eager and captured, prints which of them have the same bits in
/// every run, and gives the number of those that have not. `small`: sizes for the emulator.
int print_bit_checks(bool small);

}  // namespace kindling::bench
