// SPDX-License-Identifier: MIT
// The fuzzer's corpus, and what seeded damage makes of it, without a fuzzer.
#include "tests/schedulers/fuzz/target.h"
#include "tests/support/fuzzing.h"

#include <gtest/gtest.h>

#include <initializer_list>

namespace kindling::test {
namespace {

constexpr std::initializer_list<const char*> kPiecesOfSchedules = {
    "(",     ")",       "[",     "]",    ",",     "=",        "%",    "*",       " then ",
    " for ", " hold",   "0",     "-1",   "1e15",  "1e300",    "1e-9", "'",       "\"",
    "\n",    "\xC3",    "step(", "9",    "true",  "linear()", "NaN",  "T_max=9", "cosine(9)",
    "0.5%",  "between", "1.5",   "1e14", "(((((", "^"};

TEST(Fuzz, ScheduleCorpusAndDamage) {
  const Replayed replay =
      replayed("schedulers/fuzz/corpus", feed_schedule, kPiecesOfSchedules, 5000, 20240503);
  EXPECT_EQ(replay.files, 6U);
  EXPECT_EQ(replay.accepted, 5U);
  EXPECT_GT(replay.accepted_damaged, 50U);
  EXPECT_LT(replay.accepted_damaged, 4000U);
}

}  // namespace
}  // namespace kindling::test
