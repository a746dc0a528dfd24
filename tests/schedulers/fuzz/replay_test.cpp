// SPDX-License-Identifier: MIT
// The fuzzer's corpus, and what seeded damage makes of it, without a fuzzer.
#include "tests/schedulers/fuzz/target.h"
#include "tests/support/fuzzing.h"

#include <gtest/gtest.h>

#include <initializer_list>
#include <random>
#include <string>
#include <vector>

namespace kindling::test {
namespace {

constexpr std::initializer_list<const char*> kPiecesOfSchedules = {
    "(",     ")",       "[",     "]",    ",",     "=",        "%",    "*",       " then ",
    " for ", " hold",   "0",     "-1",   "1e15",  "1e300",    "1e-9", "'",       "\"",
    "\n",    "\xC3",    "step(", "9",    "true",  "linear()", "NaN",  "T_max=9", "cosine(9)",
    "0.5%",  "between", "1.5",   "1e14", "(((((", "^"};

TEST(Fuzz, ScheduleCorpusAndDamage) {
  const std::vector<std::string> texts = corpus("schedulers/fuzz/corpus");
  std::size_t read = 0;
  for (const std::string& text : texts) read += feed_schedule(text) ? 1U : 0U;
  EXPECT_EQ(texts.size(), 6U);
  EXPECT_EQ(read, 5U);
  std::mt19937_64 random(20240503);
  read = 0;
  for (int i = 0; i < 5000; ++i)
    read += feed_schedule(damaged(texts[random() % texts.size()], kPiecesOfSchedules, random)) ? 1U
                                                                                               : 0U;
  EXPECT_GT(read, 50U);
  EXPECT_LT(read, 4000U);
}

}  // namespace
}  // namespace kindling::test
