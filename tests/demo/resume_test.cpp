// SPDX-License-Identifier: MIT
// Runs of kindling-train that are stopped and go on.
#include <kindling/core/error.h>

#include "tests/demo/program.h"

namespace kindling::demo {
namespace {

class Resume : public Program {
 protected:
  Outcome run_ok(const std::string& arguments) const {
    Outcome outcome = run(arguments);
    EXPECT_EQ(outcome.status, 0) << outcome.err;
    return outcome;
  }
};

const std::string kRun =
    "$TRAIN digits --hidden 128 --epochs 30 --batch-size 64 --checkpoint run --every 2 --log "
    "run.csv ";
constexpr const char* kLast = "run/checkpoint-660.safetensors";  // 22 batches of 1438 rows

// From the table's last row on.
std::string end_of(const std::string& out) { return out.substr(out.find("\n   30 | ")); }

TEST_F(Resume, AKilledRunEndsAsTheUnbrokenOne) {
  const Outcome unbroken = shell(kRun + "</dev/null");
  ASSERT_EQ(unbroken.status, 0) << unbroken.err;
  const std::string last = read(kLast), log = read("run.csv");
  ASSERT_GT(last.size(), 0U);
  // Eager and captured steps, killed with kill -9 at some step after the first checkpoint.
  for (const std::string options : {"", "--no-capture "}) {
    std::filesystem::remove_all(folder_ / "run");
    std::filesystem::remove(folder_ / "run.csv");
    const Outcome killed =
        shell(kRun + options +
              ">out & while [ -z \"$(ls run/*-*.safetensors 2>out)\" ]; do sleep 0.001; done; "
              "kill -9 $!; wait $!");
    ASSERT_EQ(killed.status, 128 + 9) << killed.err;
    ASSERT_FALSE(exists(kLast)) << "the run was over before it was killed";
    const Outcome resumed = shell(kRun + options + "--resume </dev/null");
    ASSERT_EQ(resumed.status, 0) << resumed.err;
    EXPECT_NE(resumed.out.find("goes on after step "), std::string::npos) << resumed.out;
    EXPECT_EQ(end_of(resumed.out), end_of(unbroken.out));
    EXPECT_TRUE(read(kLast) == last);
    EXPECT_TRUE(read("run.csv") == log);
  }
}

TEST_F(Resume, AfterCtrlCFromTheMiddleOfAnEpoch) {
  const std::string run = "$TRAIN digits --hidden 512 --epochs 30 --batch-size 64 ";
  const Outcome unbroken = shell(run + "--plot whole.svg");
  const Outcome stopped =
      shell(run +
            "--checkpoint run --every 1000 --log run.csv >out & while [ ! -s run.csv.part ] && "
            "kill -0 $!; do sleep 0.001; done; kill -TERM $!; wait $!");
  ASSERT_EQ(stopped.status, 128 + 15) << stopped.err;
  ASSERT_FALSE(exists(kLast));
  const Outcome resumed = shell(run + "--checkpoint run --resume --plot run.svg");
  EXPECT_EQ(resumed.status, 0) << resumed.err;
  EXPECT_EQ(end_of(resumed.out), end_of(unbroken.out));
  EXPECT_TRUE(read("run.svg") == read("whole.svg"));
}

TEST_F(Resume, KeepsTheLastOnesAndReportsAFinishedRunAgain) {
  const std::string run = "diabetes --epochs 5 --batch-size 354 --checkpoint run --keep 2 ";
  const Outcome first = run_ok(run + "--resume");
  EXPECT_EQ(first.out.find("goes on"), std::string::npos) << first.out;
  EXPECT_FALSE(exists("run/checkpoint-3.safetensors"));
  EXPECT_TRUE(exists("run/checkpoint-4.safetensors"));
  EXPECT_TRUE(exists("run/checkpoint-5.safetensors"));
  const Outcome again = run_ok(run + "--resume");
  const auto report = [](const std::string& out) { return out.substr(out.find("        Model")); };
  EXPECT_EQ(report(again.out), report(first.out));
}

TEST_F(Resume, WithAnotherNumberOfThreads) {
  const std::string run =
      "digits --hidden 256,256 --batch-size 256 --schedule 'constant(1)' --device cpu ";
  run_ok(run + "--epochs 4 --checkpoint unbroken --threads 1");
  run_ok(run + "--epochs 2 --checkpoint run --threads 2");
  const Outcome resumed = run_ok(run + "--epochs 4 --checkpoint run --resume --threads 3");
  EXPECT_NE(resumed.out.find("goes on after step 10 "), std::string::npos) << resumed.out;
  const std::string last = "/checkpoint-20.safetensors";
  ASSERT_GT(read("unbroken" + last).size(), 0U);
  EXPECT_TRUE(read("run" + last) == read("unbroken" + last));
}

TEST_F(Resume, RefusesWhatIsAnotherRun) {
  const std::string run = "diabetes --epochs 2 --schedule 'constant(1)' --checkpoint run ";
  run_ok(run);
  const struct {
    std::string arguments;
    const char* error;
  } cases[] = {
      {run,
       "checkpoint: run holds step 22 of a run before: give --resume to go on from there, or "
       "another folder\n"},
      {run + "--resume --lr 0.1",
       "history: it is of a run with other options or data (354 rows to train on, 88 to test with, "
       "10 features, to predict target, MSE, layers 10-1, sgd lr 0.05, "},
      {run + "--resume --hidden 4", "this one has (354 rows to train on"},
      {"diabetes --epochs 1 --schedule 'constant(1)' --checkpoint run --resume",
       "resume: run/checkpoint-22.safetensors is past the 11 steps of this run: give a larger "
       "--epochs\n"},
      {"diabetes --checkpoint err", "checkpoint: cannot make folder err: "},
  };
  for (const auto& [arguments, error] : cases) {
    const Outcome outcome = this->run(arguments);
    EXPECT_EQ(outcome.status, 1) << arguments;
    EXPECT_NE(outcome.err.find(error), std::string::npos) << outcome.err;
  }
  EXPECT_EQ(this->run("diabetes --resume").status, 2);
  // The same schedule for longer is the same run.
  const Outcome longer =
      run_ok("diabetes --epochs 3 --schedule 'constant(1)' --checkpoint run --resume");
  EXPECT_NE(longer.out.find("goes on after step 22 "), std::string::npos) << longer.out;
}

TEST_F(Resume, RefusesDataThatWasEdited) {
  const auto table = [&](const char* last) {
    std::string text = "x,y\n";
    for (int i = 0; i < 20; ++i) text += message(i, ',', 2 * i + i % 3, '\n');
    write("data.csv", text + last);
  };
  const std::string run = "csv data.csv --target y --schedule 'constant(1)' --checkpoint run ";
  table("20,40\n");
  run_ok(run + "--epochs 2");
  table("20,41\n");
  const Outcome edited = this->run(run + "--epochs 3 --resume");
  EXPECT_EQ(edited.status, 1) << edited.out;
  EXPECT_NE(edited.err.find("history: it is of a run with other options or data ("),
            std::string::npos)
      << edited.err;
  table("20,40\n");
  run_ok(run + "--epochs 3 --resume");
}

}  // namespace
}  // namespace kindling::demo
