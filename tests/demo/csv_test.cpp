// SPDX-License-Identifier: MIT
#include "demo/csv.h"

#include <kindling/core/error.h>

#include <gtest/gtest.h>

#include <cstdio>
#include <fstream>

namespace kindling::demo {
namespace {

using Strings = std::vector<std::string>;

Strings texts(const CsvTable& table) {
  Strings result;
  for (const Cell& cell : table.cells) result.push_back(cell.text);
  return result;
}

std::string error_of(std::string_view text, const CsvFormat& format = {}) {
  try {
    parse_csv(text, "data.csv", format);
  } catch (const FileError& error) {
    return error.what();
  }
  return "no error";
}

TEST(Csv, ReadsNamesAndRows) {
  const CsvTable table = parse_csv("a,b\n1,2.5\n-3e2,word\n", "data.csv");
  EXPECT_EQ(table.columns, (Strings{"a", "b"}));
  EXPECT_EQ(texts(table), (Strings{"1", "2.5", "-3e2", "word"}));
  EXPECT_EQ(table.rows(), 2U);
}

TEST(Csv, KnowsWhereEachFieldStands) {
  const CsvTable table = parse_csv("a,b\n1, 2\n\n\"x\n y\",3\n4,5\n", "data.csv");
  const std::vector<std::pair<std::size_t, std::size_t>> expected{{2, 1}, {2, 4}, {4, 1},
                                                                  {5, 5}, {6, 1}, {6, 3}};
  ASSERT_EQ(table.cells.size(), expected.size());
  for (std::size_t i = 0; i < expected.size(); ++i) {
    EXPECT_EQ(std::pair(table.cells[i].line, table.cells[i].column), expected[i]) << i;
  }
}

TEST(Csv, TakesWhatSpreadsheetsWrite) {
  const CsvTable table = parse_csv(
      "\xEF\xBB\xBF\"a, b\" , \"say \"\"c\"\"\",d\r\n\r\n \"1\" , 2 ,3\r\n  \r\n4,5,6", "data.csv");
  EXPECT_EQ(table.columns, (Strings{"a, b", "say \"c\"", "d"}));
  EXPECT_EQ(texts(table), (Strings{"1", "2", "3", "4", "5", "6"}));
}

TEST(Csv, LinesEndInWhateverTheyEndIn) {
  for (const char* text :
       {"a,b\n1,2\n3,4\n", "a,b\r\n1,2\r\n3,4", "a,b\r1,2\r3,4\r", "a,b\r\r1,2\n\r3,4\n\n"}) {
    EXPECT_EQ(texts(parse_csv(text, "data.csv")), (Strings{"1", "2", "3", "4"})) << text;
  }
}

TEST(Csv, QuotesHoldLineBreaks) {
  const CsvTable table = parse_csv("a,\"b\n(cm)\"\n\"one\r\ntwo\",2\n\"\",\"\"\"\"\n", "data.csv");
  EXPECT_EQ(table.columns, (Strings{"a", "b\n(cm)"}));
  EXPECT_EQ(texts(table), (Strings{"one\r\ntwo", "2", "", "\""}));
}

TEST(Csv, GuessesTheSeparator) {
  for (const char* text : {"a;b,c;d\n1;2;3\n", "a\tb,c\td\n1\t2\t3\n", "\"x;y\",b;c,d\n1,2,3\n"})
    EXPECT_EQ(texts(parse_csv(text, "data.csv")), (Strings{"1", "2", "3"})) << text;
}

TEST(Csv, TakesTheSeparatorThatIsGiven) {
  EXPECT_EQ(texts(parse_csv("a|b,c\n1|2,3\n", "data.csv", {.separator = '|'})),
            (Strings{"1", "2,3"}));
  EXPECT_EQ(texts(parse_csv("a\tb\tc\n\t\t1\n \t2 2\t\n", "data.csv", {.separator = '\t'})),
            (Strings{"", "", "1", "", "2 2", ""}));
}

TEST(Csv, RunsOfBlanksSeparateToo) {
  const CsvTable table = parse_csv("  18.0   8\t\"a b\"  \n 9.0    6 c", "data.csv",
                                   {.separator = ' ', .names = {"x", "y", "z"}});
  EXPECT_EQ(texts(table), (Strings{"18.0", "8", "a b", "9.0", "6", "c"}));
}

TEST(Csv, NamesMayBeGiven) {
  const CsvTable table = parse_csv("1,2\n3,4\n", "data.csv", {.names = {"a", "b"}});
  EXPECT_EQ(table.columns, (Strings{"a", "b"}));
  EXPECT_EQ(table.rows(), 2U);
  EXPECT_EQ(error_of("1,2,3\n", {.names = {"a", "b"}}),
            "csv: data.csv:1:5: found 3 fields, expected 2 as --names says");
}

TEST(Csv, AColumnWithoutANameIsCounted) {
  EXPECT_EQ(parse_csv(",a,\n1,2,3\n", "data.csv").columns, (Strings{"column 1", "a", "column 3"}));
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
  EXPECT_EQ(error_of("\"a\"b c\n", {.separator = ' '}),
            "csv: data.csv:1:4: text after a quoted field: expected a blank or the line's end");
}

TEST(Csv, RefusesBadNames) {
  EXPECT_EQ(error_of("a,b,a\n"), "csv: data.csv:1:5: column name 'a' is there twice");
  EXPECT_EQ(error_of("1,2\n3,4\n"),
            "csv: data.csv:1:1: the first line holds numbers, not column names: add a line such as "
            "\"x1,x2,y\", or name the columns by --names x1,x2,y");
}

TEST(Csv, RefusesFilesWithoutRows) {
  EXPECT_EQ(error_of(""), "csv: data.csv:1:1: the file is empty");
  EXPECT_EQ(error_of("\n\n"), "csv: data.csv:1:1: the file is empty");
  EXPECT_EQ(error_of("a,b\n"), "csv: data.csv: no rows after the line of column names");
}

TEST(Csv, RefusesTextInUtf16) {
  EXPECT_EQ(error_of(std::string_view("a\0,\0b\0\n\0", 8)),
            "csv: data.csv: holds zero bytes, as text in UTF-16 does: save it as UTF-8");
}

TEST(Csv, ReadsAFile) {
  const std::string path = testing::TempDir() + "kindling_csv_test.csv";
  std::ofstream(path) << "a\n7\n";
  EXPECT_EQ(texts(read_csv(path)), Strings{"7"});
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
