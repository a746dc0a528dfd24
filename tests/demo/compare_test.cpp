// SPDX-License-Identifier: MIT
// kindling-train compare.
#include "tests/demo/program.h"
#include "tests/demo/xml.h"

#include <algorithm>

namespace kindling::demo {
namespace {

using Compare = Program;

TEST_F(Compare, ShowsLastAndBestValuesOfEachLog) {
  write("a.csv",
        "step,epoch,learning_rate,loss,test_loss\n1,1,0.1,4,\n2,1,0.1,2,3\n3,2,0.1,1,\n"
        "4,2,0.1,0.5,3.5\n");
  write("longer.csv",
        "step,epoch,learning_rate,loss,test_loss,test_accuracy\n1,1,0.1,2,2,0.75\n"
        "2,2,0.1,1,1,0.5\n");
  const Outcome outcome = run("compare a.csv longer.csv --plot out.svg");
  EXPECT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_EQ(outcome.out,
            "       Run |     Steps | Last Loss | Last Test Loss | Best Test Loss |   In Step | "
            "Last Accuracy | Best Accuracy\n"
            "     a.csv |         4 |    0.5000 |         3.5000 |         3.0000 |         2 | "
            "            - |             -\n"
            "longer.csv |         2 |    1.0000 |         1.0000 |         1.0000 |         2 | "
            "       50.0 % |        75.0 %\n");
  const std::string svg = read("out.svg");
  EXPECT_EQ(test::xml_mistake(svg), "");
  for (const char* text : {">Test loss<", ">Test accuracy<", ">a.csv<", ">longer.csv<"})
    EXPECT_NE(svg.find(text), std::string::npos) << text;
}

TEST_F(Compare, TakesTheLogsOfTraining) {
  ASSERT_EQ(run("diabetes --epochs 3 --log a.csv").status, 0);
  ASSERT_EQ(run("digits --epochs 1 --log b.csv").status, 0);
  const Outcome outcome = run("compare a.csv b.csv");
  EXPECT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_EQ(std::count(outcome.out.begin(), outcome.out.end(), '\n'), 3) << outcome.out;
}

TEST_F(Compare, TakesTheLogOfARunThatDiverged) {
  ASSERT_EQ(run("diabetes --lr 1e6 --schedule 'constant(1)' --log a.csv").status, 3);
  write("b.csv", "step,epoch,learning_rate,loss,test_loss\n1,1,0.1,4,5\n2,2,0.1,3,nan\n");
  write("c.csv", "step,epoch,learning_rate,loss,test_loss\n1,1,0.1,4,5\n2,2,0.1,nan,\n");
  const Outcome outcome = run("compare a.csv b.csv c.csv --plot out.svg");
  EXPECT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_TRUE(std::regex_search(outcome.out, std::regex("\n    a.csv \\| +[0-9]+ \\|  diverged ")))
      << outcome.out;
  EXPECT_TRUE(outcome.out.ends_with(
      "    b.csv |         2 |    3.0000 |       diverged |         5.0000 |         1\n"
      "    c.csv |         2 |  diverged |         5.0000 |         5.0000 |         1\n"))
      << outcome.out;
  EXPECT_EQ(test::xml_mistake(read("out.svg")), "");
}

TEST_F(Compare, RefusesFilesThatAreNoLogs) {
  write("data.csv", "a,b\n1,2\n");
  write("bad.csv", "step,epoch,learning_rate,loss,test_loss\n1,1,0.1,much,\n");
  const struct {
    const char* file;
    const char* error;
  } cases[] = {
      {"data.csv",
       "kindling-train: compare: data.csv is no log: its first line is not "
       "step,epoch,learning_rate,loss,test_loss: give files that --log wrote\n"},
      {"bad.csv",
       "kindling-train: csv: bad.csv:2:9: the loss 'much' is no number: leave out the lines from "
       "here on\n"},
      {"none.csv", "kindling-train: csv: cannot read none.csv: No such file or directory\n"},
  };
  for (const auto& [file, error] : cases) {
    const Outcome outcome = run(std::string("compare ") + file);
    EXPECT_EQ(outcome.status, 1);
    EXPECT_EQ(outcome.err, error);
  }
}

}  // namespace
}  // namespace kindling::demo
