// SPDX-License-Identifier: MIT
// What kindling-train does when something is wrong, and when it is stopped.
#include <kindling/core/version.h>

#include "tests/demo/program.h"
#include "tests/demo/xml.h"

#include <algorithm>

namespace kindling::demo {
namespace {

using ProgramErrors = Program;
using ProgramFiles = Program;

// A run that lasts until it is stopped, and what waits until it has logged some steps.
const std::string kForever = "$TRAIN diabetes --epochs 100000000 --log run.csv --plot run.svg";
const std::string kUntilLogged = "while [ ! -s run.csv.part ]; do sleep 0.01; done; sleep 0.2; ";

TEST_F(ProgramErrors, AreALineOnStderrAndStatusOne) {
  write("bad.csv", "a,b\n1,2\n3,four\n");
  const struct {
    const char* arguments;
    const char* error;
  } cases[] = {
      {"csv bad.csv --target a",
       "kindling-train: csv: bad.csv:3:3: column 'b' holds 'four', but numbers in 1 row: "
       "correct it, or give --na 'four' if it stands for a missing value, --text 'b' to make "
       "categories of all of them, or --drop 'b'\n"},
      {"csv none.csv --target b",
       "kindling-train: csv: cannot read none.csv: No such file or directory\n"},
      {"csv . --target b", "kindling-train: csv: cannot read .: it is a folder\n"},
      {"find-lr bad.csv", "kindling-train: csv: bad.csv: name the column to predict by --target\n"},
      {"find-lr diabetes --from 1 --to 1",
       "kindling-train: find-lr: --from 1 is not below --to 1\n"},
      {"sweep diabetes --warmups 1,x%",
       "kindling-train: sweep: a warm-up of 'x%': expected a whole number below the 1100 steps of "
       "the run, or a percentage below 100%\n"},
      {"diabetes --epochs 1 --plot /no/such/run.svg",
       "kindling-train: cannot write /no/such/run.svg: No such file or directory\n"},
      {"diabetes --log a --plot a", "kindling-train: options: --log and --plot are both a\n"},
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

TEST_F(ProgramErrors, OfUsageComeBeforeAnyWork) {
  const struct {
    const char* arguments;
    const char* error;
  } cases[] = {
      {"diabetes --epochs 0", "--epochs: 0: must be a whole number of at least 1\n"},
      {"diabetes --hidden 64,0", "--hidden: 0: must be a whole number of at least 1\n"},
      {"diabetes --seed -1", "--seed: -1: must be a whole number of at least 0\n"},
      {"diabetes --lr nan", "--lr: nan: must be a number of at least 0\n"},
      {"diabetes --lr 1,5", "--lr: 1,5: must be a number of at least 0\n"},
      {"diabetes --test-fraction 1",
       "--test-fraction: 1: must be a number between 0 and 1, such as 0.2\n"},
      {"diabetes --optimizer adma",
       "--optimizer: adma is none of sgd, adam, adamw: did you mean 'adam'?\n"},
      {"diabetes --device tpu", "--device: 'tpu' is unknown: expected auto, cpu, cuda or cuda:N\n"},
      {"diabetes --schedule 'cosine(9'",
       "--schedule: expected ')' or ',', found the end\n  cosine(9\n          ^\n"},
      {"diabetes --schedule 'cosin(9)'",
       "--schedule: unknown schedule 'cosin': did you mean 'cosine'?\n  cosin(9)\n  ^\n"},
      {"schedules --lr -1", "--lr: -1: must be a number of at least 0\n"},
      {"csv a --target b --separator ab", "--separator: ab: must be one character, tab or space\n"},
      {"csv a --target b --missing maen",
       "--missing: maen is none of mean, drop, error: did you mean 'mean'?\n"},
      {"csv", "FILE is required\n"},
      {"diabetes --epoch 3", "unknown option '--epoch': did you mean '--epochs'?\n"},
      {"diabetes --learning-rate=3", "unknown option '--learning-rate'\n"},
      {"csv --targt b a", "unknown option '--targt': did you mean '--target'?\n"},
      {"--nothing", "unknown option '--nothing'\n"},
      {"diabets", "unknown command 'diabets': did you mean 'diabetes'?\n"},
      {"train",
       "unknown command 'train': there are tutorial, diabetes, digits, csv, predict, find-lr, "
       "sweep, compare, schedules, info\n"},
  };
  for (const auto& [arguments, error] : cases) {
    const Outcome outcome = run(arguments);
    EXPECT_EQ(outcome.status, 2) << arguments;
    EXPECT_EQ(outcome.err, std::string(error) + "Run with --help for more information.\n")
        << arguments;
    EXPECT_EQ(outcome.out, "") << arguments;
  }
  EXPECT_EQ(run("").status, 2);
  const Outcome version = run("--version");
  EXPECT_EQ(version.status, 0);
  for (const char* line : {"version: " KINDLING_VERSION "\n", "\ncompiler: ", "\ndevice: "})
    EXPECT_NE(version.out.find(line), std::string::npos) << version.out;
}

TEST_F(ProgramErrors, HelpFitsATerminal) {
  for (const char* command : {"", "tutorial", "diabetes", "digits", "csv", "find-lr", "sweep",
                              "predict", "compare", "schedules", "info"}) {
    const Outcome help = run(std::string(command) + " --help");
    EXPECT_EQ(help.status, 0) << help.err;
    std::istringstream lines(help.out.substr(0, help.out.find("Example")));
    for (std::string text; std::getline(lines, text);) EXPECT_LE(text.size(), 80U) << text;
  }
  const std::string help = run("diabetes --help").out;
  for (const char* part : {"--optimizer sgd|adam|adamw\n", "Update rule (default: sgd)\n",
                           "(default: 0.05)", "-h,--help"}) {
    EXPECT_NE(help.find(part), std::string::npos) << part << " in\n" << help;
  }
  EXPECT_NE(run("csv --help").out.find("predict (required)"), std::string::npos);
}

TEST_F(ProgramErrors, ADivergingRunStopsAndSaysWhatToTry) {
  const Outcome outcome =
      run("diabetes --lr 1e6 --schedule 'constant(1)' --log run.csv --plot run.svg");
  EXPECT_EQ(outcome.status, 3);
  const std::regex error(
      "kindling-train: train: the loss is (inf|nan) in step ([0-9]+), whose learning rate is "
      "1.00e\\+06: try --lr 100000, or a longer warm-up: --schedule 'warmup\\(20%\\) then "
      "cosine\\(80%\\)'\n");
  std::smatch match;
  ASSERT_TRUE(std::regex_match(outcome.err, match, error)) << outcome.err;
  // What there is of the run is kept.
  const std::string log = read("run.csv");
  EXPECT_EQ(std::count(log.begin(), log.end(), '\n'), 1 + std::stoi(match[2]));
  EXPECT_EQ(test::xml_mistake(read("run.svg")), "");
  EXPECT_FALSE(exists("run.csv.part"));
}

TEST_F(ProgramErrors, HugeNumbersAreToldFromALargeLearningRate) {
  write("huge.csv", "a,y\n1,1e200\n2,2e200\n3,4e200\n4,4e200\n5,1e200\n");
  const Outcome outcome = run("csv huge.csv --target y");
  EXPECT_EQ(outcome.status, 3);
  EXPECT_NE(outcome.err.find("in step 1, "), std::string::npos) << outcome.err;
  EXPECT_NE(outcome.err.find("look for huge values in the data"), std::string::npos) << outcome.err;
}

TEST_F(ProgramFiles, AnInterruptedRunKeepsWhatThereIs) {
  const struct {
    const char* signal;
    int status;
  } cases[] = {{"INT", 130}, {"TERM", 143}};
  const std::string started = kForever + " & " + kUntilLogged + "cat run.csv; ";
  for (const auto& [signal, status] : cases) {
    write("run.csv", "before");
    const Outcome outcome = shell(started + "kill -" + signal + " $!; wait $!");
    EXPECT_EQ(outcome.status, status);
    EXPECT_TRUE(outcome.out.starts_with("Diabetes: ")) << outcome.out;
    EXPECT_NE(outcome.out.find("before"), std::string::npos);  // the old log stood until then
    EXPECT_NE(outcome.out.find("Kindling | "), std::string::npos) << outcome.out;
    std::smatch match;
    ASSERT_TRUE(std::regex_match(
        outcome.err, match,
        std::regex("kindling-train: interrupted after step ([0-9,]+) of 1,100,000,000\n")))
        << outcome.err;
    const std::string steps = std::regex_replace(match.str(1), std::regex(","), "");
    const std::string log = read("run.csv");
    EXPECT_EQ(std::to_string(std::count(log.begin(), log.end(), '\n') - 1), steps);
    EXPECT_TRUE(log.ends_with('\n'));
    EXPECT_TRUE(read("run.svg").ends_with("</svg>\n"));  // too long for xml_mistake()
    EXPECT_FALSE(exists("run.csv.part"));
  }
}

TEST_F(ProgramFiles, AKilledRunLeavesTheFilesOfTheOneBefore) {
  write("run.csv", "before");
  write("run.svg", "before");
  shell(kForever + " >out & " + kUntilLogged + "kill -KILL $!; wait $!");
  EXPECT_EQ(read("run.csv"), "before");
  EXPECT_EQ(read("run.svg"), "before");
  EXPECT_TRUE(read("run.csv.part").starts_with("step,epoch,learning_rate,loss,test_loss\n1,1,"));
}

TEST_F(ProgramFiles, AFullDiskEndsNoRun) {
  for (const char* option : {"--log", "--plot"}) {
    const Outcome outcome = run(std::string("diabetes ") + option + " /dev/full");
    EXPECT_EQ(outcome.status, 1);
    EXPECT_NE(outcome.out.find("Kindling | "), std::string::npos) << outcome.out;
    EXPECT_EQ(outcome.err,
              "kindling-train: cannot write /dev/full: No space left on device\n"
              "kindling-train: not every file could be written\n");
  }
  // A file that must not grow: the same on a disk of any size.
  write("run.csv", "before");
  write("run.svg", "before");
  const Outcome outcome =
      shell("trap '' XFSZ; ulimit -f 8; $TRAIN diabetes --log run.csv --plot run.svg");
  EXPECT_EQ(outcome.status, 1);
  EXPECT_NE(outcome.out.find("Kindling | "), std::string::npos) << outcome.out;
  EXPECT_EQ(read("run.csv"), "before");
  EXPECT_EQ(read("run.svg"), "before");
  EXPECT_FALSE(exists("run.svg.part"));
}

TEST_F(ProgramFiles, AFailedRunLeavesThem) {
  write("run.csv", "before");
  EXPECT_EQ(run("csv none.csv --target y --log run.csv --plot run.svg").status, 1);
  EXPECT_EQ(read("run.csv"), "before");
  EXPECT_FALSE(exists("run.svg"));
  EXPECT_FALSE(exists("run.svg.part"));
}

}  // namespace
}  // namespace kindling::demo
