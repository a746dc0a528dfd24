// SPDX-License-Identifier: MIT
// Tables as they are published; tests/demo/data/README.md says where they come from.
#include "tests/demo/program.h"

namespace kindling::demo {
namespace {

class ProgramCsv : public Program {
 protected:
  // Trains on an excerpt of a published file.
  std::string trained(const std::string& file, const std::string& arguments) const {
    const std::string path = std::string(KINDLING_TESTS_DIR "/demo/data/") + file;
    const Outcome outcome = shell("cp '" + path + "' . && $TRAIN csv " + file + ' ' + arguments);
    EXPECT_EQ(outcome.status, 0) << outcome.err;
    return outcome.out;
  }

  static void expect_lines(const std::string& out, const std::vector<std::string>& lines) {
    for (const std::string& text : lines)
      EXPECT_NE(out.find(text), std::string::npos) << text << " in\n" << out;
  }
};

TEST_F(ProgramCsv, Penguins) {
  const std::string out = trained("penguins.csv", "--target species --classify");
  expect_lines(out, {"penguins.csv: 42 rows, 8 columns\n  words, one-hot: island 3, sex 2\n"
                     "  missing values take the mean of the training rows, or no category: sex 4, "
                     "bill_length_mm 2, bill_depth_mm 2, flipper_length_mm 2, and 1 more\n",
                     "10 features, 3 classes\n", "the commonest class", "Gentoo | "});
  EXPECT_GE(number_in(out, "Test accuracy ([0-9.]+) %"), 75.0) << out;
  // And a quantity.
  expect_lines(trained("penguins.csv", "--target body_mass_g --missing drop"),
               {"  2 rows without a target left out\n", "2 rows with missing values left"});
}

TEST_F(ProgramCsv, AutoMpg) {
  const std::string options =
      "--separator space --target mpg "
      "--names mpg,cylinders,displacement,horsepower,weight,acceleration,year,origin,name";
  expect_lines(trained("auto-mpg.data", options),
               {"37 rows, 9 columns\n  words, one-hot: name 37\n",
                "'name' is another word in almost every row: --drop 'name' if it is a name\n",
                "or no category: horsepower 2\n"});
  const std::string out =
      trained("auto-mpg.data", options + " --drop name --text origin --batch-size 8");
  expect_lines(out, {"one-hot: origin 3\n", "9 features, to predict mpg\n"});
  EXPECT_LT(number_in(out, "Kindling \\| +[0-9.]+ \\| +([0-9.]+) \\|"), 6.0) << out;
}

TEST_F(ProgramCsv, WineQuality) {
  expect_lines(trained("winequality-red.csv", "--target quality"),
               {"36 rows, 12 columns\n", "11 features, to predict quality\n"});
  expect_lines(trained("winequality-red.csv", "--target quality --classify"), {"4 classes\n"});
}

TEST_F(ProgramCsv, Adult) {
  const std::string names =
      "--names age,workclass,fnlwgt,education,education-num,marital-status,occupation,relationship,"
      "race,sex,capital-gain,capital-loss,hours-per-week,native-country,income";
  expect_lines(
      trained("adult.data", names + " --target income --classify"),
      {"37 rows, 15 columns\n", "or no category: workclass 6, occupation 6, native-country 1\n",
       "2 classes\n", "always '<=50K'", " >50K | "});
}

TEST_F(ProgramCsv, AmesHousing) {
  const std::string out =
      trained("AmesHousing.csv", "--target SalePrice --drop Order,PID --text 'MS SubClass'");
  expect_lines(out, {"20 rows, 82 columns\n", "MS Zoning 2", "column 'Pool QC' holds nothing",
                     "column 'Alley' holds nothing", "to predict SalePrice\n", "Kindling | "});
}

TEST_F(ProgramCsv, StandardInputIsAFileToo) {
  const Outcome outcome = shell(
      "printf 'x;y\\r1,5;2\\r2,5;3\\r3,5;4\\r4,5;5\\r5,5;7\\r' | "
      "$TRAIN csv - --target y --decimal , --epochs 2");
  EXPECT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_TRUE(outcome.out.starts_with("standard input: 5 rows, 2 columns\n")) << outcome.out;
}

TEST_F(ProgramCsv, AConstantTargetIsNotLearned) {
  write("flat.csv", "x,y\n1,2\n2,2\n3,2\n4,2\n5,2\n");
  const Outcome outcome = run("csv flat.csv --target y");
  EXPECT_EQ(outcome.status, 1);
  EXPECT_EQ(outcome.err,
            "kindling-train: regression: 'y' is the same in all training rows: there is nothing to "
            "learn\n");
}

}  // namespace
}  // namespace kindling::demo
