// SPDX-License-Identifier: MIT
#include "demo/csv.h"

#include <kindling/core/error.h>

#include <gtest/gtest.h>

#include <cstdio>
#include <fstream>

namespace kindling::demo {
namespace {

using Strings = std::vector<std::string>;
using Numbers = std::vector<double>;

std::string error_of(std::string_view text) {
  try {
    parse_csv(text, "data.csv");
  } catch (const FileError& error) {
    return error.what();
  }
  return "no error";
}

TEST(Csv, ReadsNamesAndRows) {
  const CsvTable table = parse_csv("a,b\n1,2.5\n-3e2,+4\n", "data.csv");
  EXPECT_EQ(table.columns, (Strings{"a", "b"}));
  EXPECT_EQ(table.values, (Numbers{1, 2.5, -300, 4}));
  EXPECT_EQ(table.rows(), 2U);
}

TEST(Csv, TakesWhatSpreadsheetsWrite) {
  const CsvTable table = parse_csv(
      "\xEF\xBB\xBF\"a, b\" , \"say \"\"c\"\"\",d\r\n\r\n \"1\" , 2 ,3\r\n  \r\n4,5,6", "data.csv");
  EXPECT_EQ(table.columns, (Strings{"a, b", "say \"c\"", "d"}));
  EXPECT_EQ(table.values, (Numbers{1, 2, 3, 4, 5, 6}));
}

TEST(Csv, NamesFileLineAndColumnOfAWord) {
  EXPECT_EQ(error_of("a,b\n1,2\n3,x4\n"),
            "csv: data.csv:3:3: column 'b' holds 'x4', which is not a finite number");
}

TEST(Csv, RefusesNumbersThatAreNotFinite) {
  EXPECT_EQ(error_of("a\nnan\n"),
            "csv: data.csv:2:1: column 'a' holds 'nan', which is not a finite number");
  EXPECT_EQ(error_of("a\ninf\n"),
            "csv: data.csv:2:1: column 'a' holds 'inf', which is not a finite number");
  EXPECT_EQ(error_of("a\n1e999\n"),
            "csv: data.csv:2:1: column 'a' holds '1e999', which is not a finite number");
  EXPECT_EQ(error_of("a\n0x10\n"),
            "csv: data.csv:2:1: column 'a' holds '0x10', which is not a finite number");
}

TEST(Csv, CountsBlankLines) {
  EXPECT_EQ(error_of("a,b\n\n\n1,\n"),
            "csv: data.csv:4:3: column 'b' is empty: every field needs a number");
}

TEST(Csv, PointsAtTheEndOfAShortLine) {
  EXPECT_EQ(error_of("a,b,c\n1,2\n"),
            "csv: data.csv:2:4: found 2 fields, expected 3 as in the line of column names");
}

TEST(Csv, PointsAtTheFirstFieldTooMany) {
  EXPECT_EQ(error_of("a,b\n1,2, 3,4\n"),
            "csv: data.csv:2:6: found 4 fields, expected 2 as in the line of column names");
}

TEST(Csv, PointsAtAnOpenQuote) {
  EXPECT_EQ(error_of("a,\"b\n1,2\n"),
            "csv: data.csv:1:3: a quoted field is not closed: add the missing '\"'");
}

TEST(Csv, PointsAtTextAfterAQuote) {
  EXPECT_EQ(error_of("\"a\"b,c\n"),
            "csv: data.csv:1:4: text after a quoted field: expected ',' or the line's end");
}

TEST(Csv, RefusesBadNames) {
  EXPECT_EQ(error_of("a,b,a\n"), "csv: data.csv:1:5: column name 'a' is there twice");
  EXPECT_EQ(error_of("a,,c\n"), "csv: data.csv:1:3: a column has no name");
  EXPECT_EQ(error_of("1,2\n3,4\n"),
            "csv: data.csv:1:1: the first line holds numbers, not column names: add a line such as "
            "\"x1,x2,y\"");
  EXPECT_EQ(error_of("a;b\n1;2\n"),
            "csv: data.csv:1:2: columns are separated by commas here, not by semicolons or tabs");
}

TEST(Csv, RefusesFilesWithoutRows) {
  EXPECT_EQ(error_of(""), "csv: data.csv:1:1: the file is empty");
  EXPECT_EQ(error_of("\n\n"), "csv: data.csv:1:1: the file is empty");
  EXPECT_EQ(error_of("a,b\n"), "csv: data.csv: no rows after the line of column names");
}

TEST(Csv, ReadsAFile) {
  const std::string path = testing::TempDir() + "kindling_csv_test.csv";
  std::ofstream(path) << "a\n7\n";
  EXPECT_EQ(read_csv(path).values, Numbers{7});
  std::remove(path.c_str());
}

TEST(Csv, NamesAFileThatIsNotThere) {
  try {
    read_csv("/no/such/file.csv");
    FAIL() << "no error";
  } catch (const FileError& error) {
    EXPECT_STREQ(error.what(), "csv: cannot read /no/such/file.csv: No such file or directory");
  }
}

}  // namespace
}  // namespace kindling::demo
