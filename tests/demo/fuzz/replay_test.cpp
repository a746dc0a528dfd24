// SPDX-License-Identifier: MIT
// The fuzzer's corpus, and what seeded damage makes of it, without a fuzzer.
#include "tests/demo/fuzz/target.h"
#include "tests/support/fuzzing.h"

#include <gtest/gtest.h>

#include <initializer_list>

namespace kindling::test {
namespace {

constexpr std::initializer_list<const char*> kPiecesOfTables = {
    "\"",     "\"\"",         ",",    ";",    "\t", " ",   "\n",   "\r",
    "\r\n",   "\xEF\xBB\xBF", "\xff", "NA",   "?",  "NaN", "inf",  "1e308",
    "-1e999", "0x1p3",        "1,5",  "word", "-",  "1",   "\n\n", ",,"};

TEST(Fuzz, CsvCorpusAndDamage) {
  const Replayed replay = replayed("demo/fuzz/corpus", feed_csv, kPiecesOfTables, 2000, 20240504);
  EXPECT_EQ(replay.files, 7U);
  EXPECT_EQ(replay.accepted, 6U);
  EXPECT_GT(replay.accepted_damaged, 100U);
  EXPECT_LT(replay.accepted_damaged, 1900U);
}

}  // namespace
}  // namespace kindling::test
