// SPDX-License-Identifier: MIT
// The fuzzer's corpus, and what seeded damage makes of it, without a fuzzer.
#include "tests/demo/fuzz/target.h"
#include "tests/support/fuzzing.h"

#include <gtest/gtest.h>

#include <initializer_list>
#include <random>
#include <string>
#include <vector>

namespace kindling::test {
namespace {

constexpr std::initializer_list<const char*> kPiecesOfTables = {
    "\"",           "\"\"", ",",  ";", "\t",   " ",   "\n",    "\r",     "\r\n",
    "\xEF\xBB\xBF", "\xff", "NA", "?", "NaN",  "inf", "1e308", "-1e999", "0x1p3",
    "1,5",          "word", "-",  "1", "\n\n", ",,",  "\0"};

TEST(Fuzz, CsvCorpusAndDamage) {
  const std::vector<std::string> texts = corpus("demo/fuzz/corpus");
  std::size_t read = 0;
  for (const std::string& text : texts) read += feed_csv(text) ? 1U : 0U;
  EXPECT_EQ(texts.size(), 7U);
  EXPECT_EQ(read, 6U);
  std::mt19937_64 random(20240504);
  read = 0;
  for (int i = 0; i < 2000; ++i)
    read += feed_csv(damaged(texts[random() % texts.size()], kPiecesOfTables, random)) ? 1U : 0U;
  EXPECT_GT(read, 100U);
  EXPECT_LT(read, 1900U);
}

}  // namespace
}  // namespace kindling::test
