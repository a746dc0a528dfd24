// SPDX-License-Identifier: MIT
#pragma once

#include <string>

namespace kindling::test {

/// Reads bytes of any kind as tables, in each format there is, and makes examples of them for each
/// treatment of what is missing; fed by libFuzzer (fuzz_csv; the preset `fuzz`) and by the unit
/// tests. Aborts unless they are refused by an error of the CSV reader's, or make a table that is
/// the same when it is written and read again, and examples without a hole; true where there are
/// examples.
bool feed_csv(const std::string& text);

}  // namespace kindling::test
