// SPDX-License-Identifier: MIT
#include "demo/columns.h"

#include <kindling/core/error.h>

#include <gtest/gtest.h>

#include <cmath>

namespace kindling::demo {
namespace {

using Strings = std::vector<std::string>;
using Numbers = std::vector<double>;

Encoded encoded(std::string_view text, const ColumnOptions& options) {
  return encode(parse_csv(text, "data.csv"), options);
}

std::string encoding_error(std::string_view text, const ColumnOptions& options) {
  try {
    encoded(text, options);
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

TEST(Columns, TakeTheTargetOutOfTheTable) {
  const Dataset data = encoded("a,y,b\n1,2,3\n4,5,+6\n", {.target = "y"}).data;
  EXPECT_EQ(data.features, (Strings{"a", "b"}));
  EXPECT_EQ(data.target, "y");
  EXPECT_EQ(data.x, (Numbers{1, 3, 4, 6}));
  EXPECT_EQ(data.y, (Numbers{2, 5}));
  EXPECT_TRUE(data.classes.empty());
}

TEST(Columns, OfWordsAreOneHot) {
  const Encoded result = encoded("c,a,y\nred,1,1\nblue,2,2\nred,3,3\ngreen,4,4\n", {.target = "y"});
  EXPECT_EQ(result.data.features, (Strings{"c=blue", "c=green", "c=red", "a"}));
  EXPECT_EQ(result.data.x, (Numbers{0, 0, 1, 1,  //
                                    1, 0, 0, 2,  //
                                    0, 0, 1, 3,  //
                                    0, 1, 0, 4}));
  EXPECT_EQ(result.report, "data.csv: 4 rows, 3 columns\n  words, one-hot: c 3\n");
}

TEST(Columns, OfNumbersMayBeWords) {
  const Dataset data = encoded("a,y\n10,1\n9,2\n", {.target = "y", .text = {"a"}}).data;
  EXPECT_EQ(data.features, (Strings{"a=10", "a=9"}));
}

TEST(Columns, MayBeLeftOut) {
  const Dataset data = encoded("a,b,y\n1,?x,2\n3,4,5\n", {.target = "y", .drop = {"b"}}).data;
  EXPECT_EQ(data.features, Strings{"a"});
  EXPECT_EQ(encoding_error("a,y\n1,2\n", {.target = "y", .drop = {"y"}}),
            "csv: column 'y' is the target and cannot be dropped");
  EXPECT_EQ(encoding_error("a,y\n1,2\n", {.target = "y", .drop = {"a"}}),
            "csv: data.csv has no column but the target 'y' to learn from: is --separator right "
            "(',', ';', tab or space)?");
}

TEST(Columns, MissingNumbersAreNaNAndMissingWordsNoCategory) {
  const Encoded result =
      encoded("a,c,y\n1,u,1\nNA,?,2\n,v,3\n-99,v,4\n", {.target = "y", .cells = {.na = {"-99"}}});
  const Numbers& x = result.data.x;
  EXPECT_EQ(result.data.features, (Strings{"a", "c=u", "c=v"}));
  EXPECT_EQ(x[0], 1);
  for (const std::size_t i : {3U, 6U, 9U}) EXPECT_TRUE(std::isnan(x[i])) << i;
  EXPECT_EQ(x[4] + x[5], 0);
  EXPECT_EQ(result.report,
            "data.csv: 4 rows, 3 columns\n  words, one-hot: c 2\n"
            "  missing values take the mean of the training rows, or no category: a 3, c 1\n");
}

TEST(Columns, RowsWithoutAValueMayBeDropped) {
  const Encoded result = encoded("a,b,y\n1,1,1\nNA,1,2\n3,,3\n4,4,\n5,5,5\n",
                                 {.target = "y", .missing = Missing::drop});
  EXPECT_EQ(result.data.y, (Numbers{1, 5}));
  EXPECT_EQ(result.report,
            "data.csv: 5 rows, 3 columns\n  1 row without a target left out\n"
            "  2 rows with missing values left out: a 1, b 1\n");
  EXPECT_EQ(encoding_error("a,b,y\n1,NA,1\nNA,1,2\n", {.target = "y", .missing = Missing::drop}),
            "csv: data.csv has no row without a missing value (a 1, b 1): --drop such a column, or "
            "fill it by --missing mean");
}

TEST(Columns, MissingValuesMayBeAnError) {
  EXPECT_EQ(encoding_error("a,y\n1,1\nNA,2\n", {.target = "y", .missing = Missing::error}),
            "csv: data.csv:3:1: column 'a' has no value here but 'NA': give --missing mean or "
            "--missing drop, or --drop 'a'");
  EXPECT_EQ(encoding_error("a,y\n1,1\n2,\n", {.target = "y", .missing = Missing::error}),
            "csv: data.csv:3:3: column 'y' has no value here: give --missing mean or --missing "
            "drop, or --drop 'y'");
}

TEST(Columns, WithoutAnyValueAreLeftOut) {
  const Encoded result =
      encoded("a,b,y\n1,NA,1\n2,,2\n", {.target = "y", .missing = Missing::drop});
  EXPECT_EQ(result.data.features, Strings{"a"});
  EXPECT_EQ(result.data.y, (Numbers{1, 2}));
  EXPECT_NE(result.report.find("column 'b' holds nothing and is left out"), std::string::npos);
}

TEST(Columns, ThatMixNumbersAndWordsAreAMistake) {
  EXPECT_EQ(encoding_error("a,b\n1,2\n3,four\n5,6\n", {.target = "a"}),
            "csv: data.csv:3:3: column 'b' holds 'four', but numbers in 2 rows: correct it, "
            "or give --na 'four' if it stands for a missing value, --text 'b' to make categories "
            "of all of them, or --drop 'b'");
  for (const char* number : {"inf", "1e999", "0x10", "1 2"}) {
    const std::string error =
        encoding_error(std::string("a,b\n1,2\n3,") + number + "\n", {.target = "a"});
    EXPECT_NE(error.find(std::string("holds '") + number + "'"), std::string::npos) << error;
  }
}

TEST(Columns, TheDecimalSignMayBeAComma) {
  const std::string text = "a;y\n1,5;1\n-2,25e1;2\n3;3\n";
  EXPECT_EQ(encoded(text, {.target = "y", .cells = {.decimal = ','}}).data.x,
            (Numbers{1.5, -22.5, 3}));
  EXPECT_EQ(encoding_error(text, {.target = "y"}),
            "csv: data.csv:2:1: column 'a' holds '1,5': give --decimal , if that is its decimal "
            "sign, or --text 'a' if it is no number");
  EXPECT_NE(encoding_error("a;y\n1.5;1\n", {.target = "y", .cells = {.decimal = ','}})
                .find("give --decimal ."),
            std::string::npos);
}

TEST(Columns, AnUnknownNameGetsTheNearest) {
  EXPECT_EQ(encoding_error("alpha,beta\n1,2\n", {.target = "betta"}),
            "csv: data.csv has no column 'betta': did you mean 'beta'?");
  EXPECT_EQ(encoding_error("a,b\n1,2\n", {.target = "weight"}),
            "csv: data.csv has no column 'weight': it has a, b; --names gives names where the "
            "first line is a row");
  EXPECT_EQ(encoding_error("alpha,beta\n1,2\n", {.target = "beta", .drop = {"alhpa"}}),
            "csv: data.csv has no column 'alhpa': did you mean 'alpha'?");
}

TEST(Columns, ClassesAreTheDistinctLabels) {
  const Dataset numbers =
      encoded("a,y\n1,25\n2,5\n3,15\n4,5.0\n5,25\n", {.target = "y", .classify = true}).data;
  EXPECT_EQ(numbers.classes, (Strings{"5", "15", "25"}));
  EXPECT_EQ(numbers.y, (Numbers{2, 0, 1, 0, 2}));
  const Dataset words =
      encoded("a,y\n1,dog\n2,cat\n3,dog\n4,NA\n", {.target = "y", .classify = true}).data;
  EXPECT_EQ(words.classes, (Strings{"cat", "dog"}));
  EXPECT_EQ(words.y, (Numbers{1, 0, 1}));
  const Dataset mixed = encoded("a,y\n1,high\n2,10\n3,9\n", {.target = "y", .classify = true}).data;
  EXPECT_EQ(mixed.classes, (Strings{"9", "10", "high"}));
}

TEST(Columns, ATargetOfWordsNeedsClassify) {
  EXPECT_EQ(encoding_error("a,y\n1,dog\n2,cat\n", {.target = "y"}),
            "csv: data.csv:2:3: the target 'y' holds words such as 'dog': give --classify to learn "
            "which one it is");
  EXPECT_EQ(encoding_error("a,y\n1,dog\n2,dog\n", {.target = "y", .classify = true}),
            "classes: column 'y' holds 1 label: there is nothing to tell apart");
}

TEST(Columns, TooManyCategoriesAreRefused) {
  std::string text = "a,y\n";
  for (int i = 0; i < 1001; ++i) text += message('w', i, ',', i, '\n');
  EXPECT_EQ(
      encoding_error(text, {.target = "y"}),
      "csv: column 'a' of data.csv holds 1,001 different words, more than 1,000: leave it out "
      "by --drop 'a'");
  EXPECT_EQ(
      encoding_error(text, {.target = "y", .classify = true, .drop = {}, .text = {}}),
      "csv: column 'a' of data.csv holds 1,001 different words, more than 1,000: leave it out "
      "by --drop 'a'");
  EXPECT_EQ(encoding_error(text, {.target = "a", .classify = true}),
            "classes: column 'a' holds 1,001 labels, more than 1,000: leave out --classify if it "
            "is a quantity");
}

}  // namespace
}  // namespace kindling::demo
