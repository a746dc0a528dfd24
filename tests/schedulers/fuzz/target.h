// SPDX-License-Identifier: MIT
#pragma once

#include <string>

namespace kindling::test {

/// Reads bytes of any kind as a schedule; fed by libFuzzer (fuzz_schedule; the preset `fuzz`) and
/// by the unit tests. Aborts unless they are refused by an error with a caret, or make a schedule
/// that can be asked at any step, and whose description is one, too; true in the latter case.
bool feed_schedule(const std::string& text);

}  // namespace kindling::test
