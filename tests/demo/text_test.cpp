// SPDX-License-Identifier: MIT
#include "demo/number.h"
#include "demo/progress.h"
#include "demo/table.h"

#include <gtest/gtest.h>

#include <sstream>

namespace kindling::demo {
namespace {

TEST(Number, FormatsForTables) {
  EXPECT_EQ(format_number(0.02), "0.0200");
  EXPECT_EQ(format_number(0), "0.0000");
  EXPECT_EQ(format_number(0.0005), "5.00e-04");
  EXPECT_EQ(format_number(-123.45678), "-123.4568");
  EXPECT_EQ(format_number(2.5e7), "2.50e+07");
}

TEST(Number, FormatsExactlyInFewDigits) {
  EXPECT_EQ(format_exact(0.1), "0.1");
  EXPECT_EQ(format_exact(-3), "-3");
  for (const double value : {1.0 / 3.0, 0.1 + 0.2, 1e-300, 12345678.9})
    EXPECT_EQ(parse_number(format_exact(value)), value);
}

TEST(Number, SetsThousandsApart) {
  EXPECT_EQ(format_count(0), "0");
  EXPECT_EQ(format_count(999), "999");
  EXPECT_EQ(format_count(1000), "1,000");
  EXPECT_EQ(format_count(-1234567), "-1,234,567");
}

TEST(Number, ParsesWholeTextsOnly) {
  EXPECT_EQ(parse_number("-1.5e3"), -1500);
  for (const char* text :
       {"", " 1", "1 ", "1x", "e", "-", ".", "nan", "inf", "0x1", "1e999", "1,5"}) {
    EXPECT_EQ(parse_number(text), std::nullopt) << text;
  }
}

TEST(Table, KeepsColumnsInLine) {
  const Table table({"Step", "Learning Rate", "Loss"});
  EXPECT_EQ(table.header(), "Step | Learning Rate | Loss");
  EXPECT_EQ(table.row({"7", "0.1000", "1.2345"}), "   7 |        0.1000 | 1.2345");
}

TEST(Progress, DrawsTheShareThatIsDone) {
  EXPECT_EQ(progress_line(0, "go", 4), "────   0%  go");
  EXPECT_EQ(progress_line(0.5, "go", 4), "━━──  50%  go");
  EXPECT_EQ(progress_line(0.999, "go", 4), "━━━─  99%  go");
  EXPECT_EQ(progress_line(1, "go", 4), "━━━━ 100%  go");
  EXPECT_EQ(progress_line(7, "go", 4), "━━━━ 100%  go");
}

TEST(Progress, WritesNothingUnlessVisible) {
  std::ostringstream out;
  {
    ProgressBar bar(out, false);
    bar.show(0.5, "half");
  }
  EXPECT_EQ(out.str(), "");
}

TEST(Progress, ErasesItselfInTheEnd) {
  std::ostringstream out;
  {
    ProgressBar bar(out, true);
    bar.show(0.5, "half");
    EXPECT_EQ(out.str(), "\r\033[K\033[?7l" + progress_line(0.5, "half") + "\033[?7h");
    bar.show(0.6, "too soon to draw again");
  }
  EXPECT_EQ(out.str(), "\r\033[K\033[?7l" + progress_line(0.5, "half") + "\033[?7h" + "\r\033[K");
}

}  // namespace
}  // namespace kindling::demo
