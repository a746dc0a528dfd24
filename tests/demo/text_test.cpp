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
  EXPECT_EQ(format_number(506491.3686), "506491.4");
}

TEST(Number, FormatsExactlyInFewDigits) {
  EXPECT_EQ(format_exact(0.1), "0.1");
  EXPECT_EQ(format_exact(-3), "-3");
  for (const double value : {1.0 / 3.0, 0.1 + 0.2, 1e-300, 12345678.9})
    EXPECT_EQ(parse_number(format_exact(value)), value);
}

TEST(Number, FormatsShortly) {
  EXPECT_EQ(format_short(0.01), "0.01");
  EXPECT_EQ(format_short(0.0123456), "0.0123");
  EXPECT_EQ(format_short(45612), "4.56e+04");
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

TEST(Progress, TellsTheTime) {
  EXPECT_EQ(format_duration(0.9), "0:00");
  EXPECT_EQ(format_duration(67), "1:07");
  EXPECT_EQ(format_duration(3723), "1:02:03");
  EXPECT_EQ(time_line(0.75, 30), "0:30, 0:10 left");
  EXPECT_EQ(time_line(0, 30), "0:30, 0:00 left");
}

TEST(Progress, EndsWithTheTimeItTook) {
  std::ostringstream out;
  ProgressBar(out, true).finish("7 steps");
  EXPECT_EQ(out.str(), "7 steps in 0:00\n");
  std::ostringstream nowhere;
  ProgressBar(nowhere, false).finish("7 steps");
  EXPECT_EQ(nowhere.str(), "");
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
    EXPECT_EQ(out.str(),
              "\r\033[K\033[?7l" + progress_line(0.5, "half  0:00, 0:00 left") + "\033[?7h");
    bar.show(0.6, "too soon to draw again");
  }
  EXPECT_EQ(out.str(), "\r\033[K\033[?7l" + progress_line(0.5, "half  0:00, 0:00 left") +
                           "\033[?7h" + "\r\033[K");
}

}  // namespace
}  // namespace kindling::demo
