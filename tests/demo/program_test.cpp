// SPDX-License-Identifier: MIT
// Runs kindling-train as a user does and reads what it prints.
#include "demo/csv.h"
#include "tests/demo/xml.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <regex>

namespace kindling::demo {
namespace {

std::string read_file(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

struct Outcome {
  int status;
  std::string out, err;
};

// Each test has a folder of its own, which is also where the program runs.
class Program : public testing::Test {
 protected:
  void SetUp() override { std::filesystem::create_directories(folder_); }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  Outcome run(const std::string& arguments) const {
    const std::string command =
        "cd '" + folder_.string() + "' && '" KINDLING_TRAIN "' " + arguments + " 2>err </dev/null";
    std::FILE* pipe = popen(command.c_str(), "r");
    std::string out;
    std::array<char, 4096> buffer;
    for (std::size_t n; (n = std::fread(buffer.data(), 1, buffer.size(), pipe)) > 0;)
      out.append(buffer.data(), n);
    const int status = pclose(pipe);
    return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, out, read_file(folder_ / "err")};
  }

  // The number that the first group of `pattern` matches in the output.
  static double number_in(const std::string& output, const std::string& pattern) {
    std::smatch match;
    if (!std::regex_search(output, match, std::regex(pattern))) {
      ADD_FAILURE() << "nothing matches " << pattern << " in\n" << output;
      return 0;
    }
    return std::stod(match[1]);
  }

  std::filesystem::path folder_ = std::filesystem::path(testing::TempDir()) /
                                  ("kindling_" + std::to_string(getpid()) + "_" +
                                   testing::UnitTest::GetInstance()->current_test_info()->name());
};

// Train and test error of a row of the table that ends a regression.
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
  std::ofstream file(folder_ / "plane.csv");
  file << "a,b,y\n";
  for (int i = 0; i < 100; ++i)
    file << i % 10 << ',' << i / 10 << ',' << 3 + 2 * (i % 10) - i / 10 << '\n';
  file.close();
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

TEST_F(Program, RepeatsARunWhateverTheThreads) {
  std::ofstream file(folder_ / "curve.csv");
  file << "a,y\n";
  for (int i = 0; i < 400; ++i) file << i << ',' << i * i << '\n';
  file.close();
  // The last one is large enough for the work to be shared out.
  for (const std::string arguments : {"diabetes", "diabetes --hidden 64 --epochs 3",
                                      "digits --epochs 3", "csv curve.csv --target y --hidden 16",
                                      "digits --epochs 2 --hidden 512,512 --batch-size 512"}) {
    const Outcome once = run(arguments + " --threads 1 --log 1.csv");
    const Outcome again = run(arguments + " --threads 2 --log 2.csv");
    EXPECT_EQ(once.status, 0) << once.err;
    EXPECT_EQ(again.out, once.out);
    EXPECT_EQ(read_file(folder_ / "1.csv"), read_file(folder_ / "2.csv"));
    const Outcome eager = run(arguments + " --no-capture --log 3.csv");
    EXPECT_EQ(eager.out, once.out);
    EXPECT_EQ(read_file(folder_ / "1.csv"), read_file(folder_ / "3.csv"));
  }
}

TEST_F(Program, TakesFewerRowsThanABatch) {
  std::ofstream(folder_ / "few.csv") << "a,y\n1,2\n2,4\n3,6\n4,8\n5,10\n";
  const Outcome outcome = run("csv few.csv --target y --batch-size 32");
  EXPECT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_NE(outcome.out.find("100 steps of 4 rows"), std::string::npos) << outcome.out;
}

TEST_F(Program, WritesLogAndPlot) {
  const Outcome outcome = run("diabetes --epochs 3 --batch-size 100 --log run.csv --plot run.svg");
  ASSERT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_EQ(test::xml_mistake(read_file(folder_ / "run.svg")), "");
  const std::string log = read_file(folder_ / "run.csv");
  EXPECT_EQ(std::count(log.begin(), log.end(), '\n'), 1 + 3 * 3);  // 354 rows in batches of 100
  EXPECT_TRUE(log.starts_with("step,epoch,learning_rate,loss,test_loss\n1,1,"));
}

TEST_F(Program, PipedOutputIsPlain) {
  const Outcome outcome = run("diabetes --epochs 10");
  EXPECT_EQ(outcome.err, "");
  EXPECT_EQ(outcome.out.find('\r'), std::string::npos);
  EXPECT_EQ(outcome.out.find('\033'), std::string::npos);
  EXPECT_NE(outcome.out.find("Epoch | Learning Rate | Train Loss | Test Loss\n    1 | "),
            std::string::npos);
}

TEST_F(Program, SchedulesAreDrawn) {
  const Outcome outcome = run("schedules --schedule 'warmup(100) then cosine(900)' --plot");
  EXPECT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_EQ(test::xml_mistake(read_file(folder_ / "schedule.svg")), "");
  EXPECT_EQ(run("schedules --gallery pictures").status, 0);
  EXPECT_EQ(test::xml_mistake(read_file(folder_ / "pictures" / "one_cycle.svg")), "");
}

TEST_F(Program, InfoNamesTheBuild) {
  const Outcome outcome = run("info");
  EXPECT_EQ(outcome.status, 0);
  for (const char* name : {"version:", "threads:", "device:"}) {
    EXPECT_NE(outcome.out.find(name), std::string::npos) << outcome.out;
  }
}

TEST_F(Program, EveryExampleInTheHelpWorks) {
  for (const char* command : {"tutorial", "diabetes", "digits", "csv", "schedules", "info"}) {
    const Outcome help = run(std::string(command) + " --help");
    EXPECT_EQ(help.status, 0);
    std::smatch example;
    ASSERT_TRUE(
        std::regex_search(help.out, example, std::regex("Example[^:]*: kindling-train ([^\n]+)")))
        << help.out;
    const std::string arguments = std::regex_replace(example.str(1), std::regex("demo/data"),
                                                     KINDLING_TESTS_DIR "/../demo/data");
    EXPECT_EQ(run(arguments).status, 0) << arguments;
  }
}

TEST_F(Program, ErrorsAreALineOnStderrAndStatusOne) {
  std::ofstream(folder_ / "bad.csv") << "a,b\n1,2\n3,four\n";
  const struct {
    const char* arguments;
    const char* error;
  } cases[] = {
      {"csv bad.csv --target b",
       "kindling-train: csv: bad.csv:3:3: column 'b' holds 'four', which is not a finite number\n"},
      {"csv none.csv --target b",
       "kindling-train: csv: cannot read none.csv: No such file or directory\n"},
      {"csv . --target b", "kindling-train: csv: cannot read .: it is a folder\n"},
      {"diabetes --schedule 'cosine(9'",
       "kindling-train: schedule: expected ')' or ',', found the end\n  cosine(9\n          ^\n"},
      {"diabetes --device tpu",
       "kindling-train: device: 'tpu' is unknown: expected auto, cpu, cuda or cuda:N\n"},
      {"diabetes --epochs 1 --plot /no/such/run.svg",
       "kindling-train: cannot write /no/such/run.svg: No such file or directory\n"},
      {"schedules --schedule 'constant(1)' --lr -1",
       "kindling-train: schedules: lr -1: must be finite and not negative\n"},
      {"schedules --gallery bad.csv",
       "kindling-train: gallery: cannot make folder bad.csv: Not a directory\n"},
      {"info > /dev/full", "kindling-train: standard output cannot be written\n"},
  };
  for (const auto& [arguments, error] : cases) {
    const Outcome outcome = run(arguments);
    EXPECT_EQ(outcome.status, 1) << arguments;
    EXPECT_EQ(outcome.err, error) << arguments;
  }
}

TEST_F(Program, OptionsMayStandBeforeTheFile) {
  std::ofstream(folder_ / "line.csv") << "x,y\n1,2\n2,4\n3,6\n4,8\n5,10\n";
  EXPECT_EQ(run("csv --target y --epochs 1 --batch-size 2 --hidden 4,2 line.csv").status, 0);
}

TEST_F(Program, ADivergingRunStops) {
  const Outcome outcome = run("diabetes --lr 1e6 --schedule 'constant(1)'");
  EXPECT_EQ(outcome.status, 1);
  EXPECT_NE(outcome.err.find("kindling-train: train: the loss is "), std::string::npos)
      << outcome.err;
}

TEST_F(Program, WrongUsageIsStatusTwo) {
  for (const char* arguments :
       {"", "unknown", "diabetes --epochs 0", "diabetes --hidden 64,0", "diabetes --seed -1",
        "diabetes --optimizer rmsprop", "csv", "--nothing"}) {
    const Outcome outcome = run(arguments);
    EXPECT_EQ(outcome.status, 2) << arguments;
    EXPECT_NE(outcome.err, "") << arguments;
  }
  EXPECT_EQ(run("--version").status, 0);
  EXPECT_EQ(run("diabetes --epochs 0").err,
            "--epochs: 0: must be a whole number of at least 1\n"
            "Run with --help for more information.\n");
  EXPECT_EQ(
      run("unknown").err,
      "unknown command 'unknown': there are tutorial, diabetes, digits, csv, schedules, info\n"
      "Run with --help for more information.\n");
}

}  // namespace
}  // namespace kindling::demo
