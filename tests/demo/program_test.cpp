// SPDX-License-Identifier: MIT
// What kindling-train prints and how well it learns.
#include "tests/demo/program.h"

#include "tests/demo/xml.h"

#include <algorithm>
#include <cmath>
#include <sstream>

namespace kindling::demo {
namespace {

// Train and test error of a row of the table that ends a regression, in the target's unit.
struct Errors {
  double train, test;
};

class Regression : public Program {
 protected:
  static Errors errors(const std::string& output, const std::string& row) {
    return {number_in(output, row + " \\| +([0-9.]+) \\|"),
            number_in(output, row + " \\| +[0-9.]+ \\| +([0-9.]+) \\|")};
  }
};

using Tutorial = Program;
using Digits = Program;

TEST_F(Tutorial, PrintsItsTable) {
  const Outcome outcome = run("tutorial");
  EXPECT_EQ(outcome.status, 0) << outcome.err;
  std::string pattern = "Step \\| Learning Rate \\| Loss\n";
  const char* const rates[] = {"0.0200", "0.0400", "0.0600", "0.0800", "0.1000",
                               "0.1000", "0.1000", "0.1000", "0.1000", "0.1000"};
  for (int step = 0; step < 10; ++step) {
    pattern +=
        "   " + std::to_string(step) + " \\|        " + rates[step] + " \\| [0-9]+\\.[0-9]{4}\n";
  }
  EXPECT_TRUE(std::regex_match(outcome.out, std::regex(pattern))) << outcome.out;
}

TEST_F(Tutorial, LowersTheLoss) {
  for (const char* arguments : {"tutorial", "tutorial --optimizer adam"}) {
    const std::string out = run(arguments).out;
    EXPECT_LT(number_in(out, "\n   9 \\| .* \\| ([0-9.]+)"),
              number_in(out, "\n   0 \\| .* \\| ([0-9.]+)"))
        << arguments;
  }
}

TEST_F(Tutorial, DependsOnTheSeed) {
  EXPECT_EQ(run("tutorial").out, run("tutorial --seed 0").out);
  EXPECT_NE(run("tutorial").out, run("tutorial --seed 1").out);
}

TEST_F(Regression, DiabetesReachesLeastSquares) {
  std::vector<std::string> runs{"diabetes --optimizer adam --lr 0.05"};
  for (int seed = 0; seed < 10; ++seed) runs.push_back("diabetes --seed " + std::to_string(seed));
  for (const std::string& arguments : runs) {
    const Outcome outcome = run(arguments);
    ASSERT_EQ(outcome.status, 0) << outcome.err;
    const Errors trained = errors(outcome.out, "Kindling");
    const Errors exact = errors(outcome.out, "least squares");
    EXPECT_NEAR(trained.train, exact.train, 0.002 * exact.train) << arguments;
    EXPECT_NEAR(trained.test, exact.test, 0.01 * exact.test) << arguments;
  }
}

TEST_F(Regression, HiddenLayersFitTheTrainingRowsCloser) {
  const std::string out = run("diabetes --hidden 64,64").out;
  EXPECT_LT(errors(out, "Kindling").train, errors(out, "least squares").train);
  // Not by heart: on the rows that it has not seen it is no worse.
  EXPECT_LT(errors(out, "Kindling").test, 1.05 * errors(out, "least squares").test);
}

TEST_F(Regression, CsvLearnsAColumn) {
  std::ostringstream file;
  file << "a,b,y\n";
  for (int i = 0; i < 100; ++i)
    file << i % 10 << ',' << i / 10 << ',' << 3 + 2 * (i % 10) - i / 10 << '\n';
  write("plane.csv", file.str());
  const Outcome outcome = run("csv plane.csv --target y");
  ASSERT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_LT(errors(outcome.out, "Kindling").test, 0.01);
}

TEST_F(Digits, AreReadAsWellAsPromised) {
  for (const char* arguments :
       {"digits", "digits --loss mse", "digits --seed 6", "digits --loss mse --seed 6"}) {
    const Outcome outcome = run(arguments);
    ASSERT_EQ(outcome.status, 0) << outcome.err;
    EXPECT_GE(number_in(outcome.out, "Test accuracy ([0-9.]+) %"), 97.0) << arguments;
  }
}

TEST_F(Digits, StandBesideTheCommonestClass) {
  const Outcome outcome = run("digits --epochs 5 --log run.csv --plot run.svg");
  ASSERT_EQ(outcome.status, 0) << outcome.err;
  const std::regex accuracy(
      "Test accuracy [0-9.]+ % \\([0-9]+ of 359\\); always '[0-9]', the commonest class: "
      "[0-9.]+ %\n\nClass \\| Test Rows \\| Recall\n");
  EXPECT_TRUE(std::regex_search(outcome.out, accuracy)) << outcome.out;
  EXPECT_TRUE(std::regex_search(outcome.out, std::regex("\n    9 \\| +[0-9]+ \\| [0-9.]+ %\n$")))
      << outcome.out;
  EXPECT_NE(outcome.out.find("Train Cross Entropy | Test Cross Entropy | Test Accuracy\n    1 | "),
            std::string::npos)
      << outcome.out;
  EXPECT_NE(read("run.svg").find(">Accuracy<"), std::string::npos);
  EXPECT_TRUE(
      read("run.csv").starts_with("step,epoch,learning_rate,loss,test_loss,test_accuracy\n"));
}

TEST_F(Regression, TheLossIsInTheTargetsUnit) {
  // The same numbers a thousand times as large: a million times the squared error.
  std::ostringstream small, large;
  small << "a,y\n";
  large << "a,y\n";
  for (int i = 0; i < 40; ++i) {
    const int y = i * i % 7 + i;
    small << i << ',' << y << '\n';
    large << i << ',' << 1024 * y << '\n';
  }
  write("small.csv", small.str());
  write("large.csv", large.str());
  const auto last = [](const std::string& out) {
    return number_in(out, "\n  100 \\| +[0-9.e-]+ \\| +([0-9.e+]+) \\|");
  };
  const std::string a = run("csv small.csv --target y").out,
                    b = run("csv large.csv --target y").out;
  EXPECT_NEAR(last(b) / (1024.0 * 1024.0), last(a), 0.01 * last(a));
  // The mean squared error on all training rows and their batches' mean are much the same.
  EXPECT_NEAR(std::sqrt(last(a)), errors(a, "Kindling").train, 0.2 * errors(a, "Kindling").train);
}

TEST_F(Program, RepeatsARunWhateverTheThreads) {
  std::ostringstream file;
  file << "a,y\n";
  for (int i = 0; i < 400; ++i) file << i << ',' << i * i << '\n';
  write("curve.csv", file.str());
  // The last one is large enough for the work to be shared out.
  for (const std::string arguments : {"diabetes", "diabetes --hidden 64 --epochs 3",
                                      "digits --epochs 3", "csv curve.csv --target y --hidden 16",
                                      "digits --epochs 2 --hidden 512,512 --batch-size 512"}) {
    const Outcome once = run(arguments + " --threads 1 --log 1.csv");
    const Outcome again = run(arguments + " --threads 2 --log 2.csv");
    EXPECT_EQ(once.status, 0) << once.err;
    EXPECT_EQ(again.out, once.out);
    EXPECT_EQ(read("1.csv"), read("2.csv"));
    const Outcome eager = run(arguments + " --no-capture --log 3.csv");
    EXPECT_EQ(eager.out, once.out);
    EXPECT_EQ(read("1.csv"), read("3.csv"));
  }
}

TEST_F(Program, TakesFewerRowsThanABatch) {
  write("few.csv", "a,y\n1,2\n2,4\n3,6\n4,8\n5,10\n");
  const Outcome outcome = run("csv few.csv --target y --batch-size 32");
  EXPECT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_NE(outcome.out.find("100 steps of 4 rows"), std::string::npos) << outcome.out;
}

TEST_F(Program, WritesLogAndPlot) {
  const Outcome outcome = run("diabetes --epochs 3 --batch-size 100 --log run.csv --plot run.svg");
  ASSERT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_EQ(test::xml_mistake(read("run.svg")), "");
  const std::string log = read("run.csv");
  EXPECT_EQ(std::count(log.begin(), log.end(), '\n'), 1 + 3 * 3);  // 354 rows in batches of 100
  EXPECT_TRUE(log.starts_with("step,epoch,learning_rate,loss,test_loss\n1,1,"));
}

TEST_F(Program, PipedOutputIsPlain) {
  const Outcome outcome = run("diabetes --epochs 10");
  EXPECT_EQ(outcome.err, "");
  EXPECT_EQ(outcome.out.find('\r'), std::string::npos);
  EXPECT_EQ(outcome.out.find('\033'), std::string::npos);
  EXPECT_NE(outcome.out.find("Epoch | Learning Rate | Train MSE | Test MSE\n    1 | "),
            std::string::npos);
}

TEST_F(Program, SchedulesAreDrawn) {
  const Outcome outcome = run("schedules --schedule 'warmup(100) then cosine(900)' --plot");
  EXPECT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_EQ(test::xml_mistake(read("schedule.svg")), "");
  EXPECT_EQ(read("schedule.svg").find(">Momentum<"), std::string::npos);
  EXPECT_EQ(run("schedules --schedule 'one_cycle(0.1, 200)' --plot driven.svg").status, 0);
  EXPECT_NE(read("driven.svg").find(">Momentum<"), std::string::npos);
  EXPECT_EQ(run("schedules --gallery pictures").status, 0);
  EXPECT_EQ(test::xml_mistake(read("pictures/one_cycle.svg")), "");
}

TEST_F(Program, InfoNamesTheBuild) {
  const Outcome outcome = run("info");
  EXPECT_EQ(outcome.status, 0);
  for (const char* name : {"version:", "threads:", "device:"}) {
    EXPECT_NE(outcome.out.find(name), std::string::npos) << outcome.out;
  }
}

TEST_F(Program, EveryExampleInTheHelpWorks) {
  for (const char* command : {"tutorial", "diabetes", "digits", "csv", "predict", "find-lr",
                              "sweep", "schedules", "info"}) {
    const Outcome help = run(std::string(command) + " --help");
    EXPECT_EQ(help.status, 0);
    const std::string example = help.out.substr(help.out.find("\nExample"));
    const std::regex line("\n  kindling-train ([^\n]+)");
    const std::sregex_iterator first(example.begin(), example.end(), line), last;
    EXPECT_NE(first, last) << help.out;
    for (auto match = first; match != last; ++match) {
      const std::string arguments = std::regex_replace(match->str(1), std::regex("demo/data"),
                                                       KINDLING_TESTS_DIR "/../demo/data");
      EXPECT_EQ(run(arguments).status, 0) << arguments;
    }
  }
}

TEST_F(Program, OptionsMayStandBeforeTheFile) {
  write("line.csv", "x,y\n1,2\n2,4\n3,6\n4,8\n5,10\n");
  EXPECT_EQ(run("csv --target y --epochs 1 --batch-size 2 --hidden 4,2 line.csv").status, 0);
}

}  // namespace
}  // namespace kindling::demo
