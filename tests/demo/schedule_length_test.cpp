// SPDX-License-Identifier: MIT
// The warning of a schedule that ends before its run or after it.
#include "demo/schedule_length.h"

#include "tests/demo/program.h"

namespace kindling::demo {
namespace {

using ScheduleLength = Program;

TEST_F(ScheduleLength, IsToldWhereItIsNotTheRuns) {
  const auto warning = [](const char* text, std::int64_t steps) {
    return length_warning(text, schedulers::Schedule::parse(text, steps), steps, 0.1);
  };
  EXPECT_EQ(
      warning("warmup(100) then cosine(900)", 1100),
      "schedule: 'warmup(100) then cosine(900)' ends after step 1,000, and the run after its "
      "1,100 steps: from step 1,001 on the last part's formula goes on, from 0.0000 to 0.0030 "
      "in the last step; 'then hold' at the end stops it there");
  EXPECT_EQ(
      warning("linear(1, 0.5, 100)", 1100),
      "schedule: 'linear(1, 0.5, 100)' ends after step 100, and the run after its 1,100 steps: "
      "from step 101 on the learning rate stays at 0.0500");
  EXPECT_EQ(
      warning("warmup(100) then constant(0.5, 900)", 500),
      "schedule: 'warmup(100) then constant(0.5, 900)' takes 1,000 steps, and the run ends "
      "after its 500 steps: the rest of it is left out, and the last learning rate is 0.0500");
  // The same length, one learning rate, percentages that are rounded, no end.
  EXPECT_EQ(warning("warmup(100) then cosine(1000)", 1100), "");
  for (std::int64_t steps = 1; steps < 200; ++steps)
    EXPECT_EQ(warning("warmup(5%) then cosine(95%)", steps), "") << steps;
  EXPECT_EQ(warning("exponential(0.99)", 7), "");
  EXPECT_EQ(warning("constant(1)", 1100), "");
  EXPECT_NE(warning("cosine(50%)", 1100), "");
}

TEST_F(ScheduleLength, IsWarnedOfOnce) {
  EXPECT_EQ(run("diabetes --epochs 10").err, "");
  EXPECT_EQ(run("diabetes --epochs 10 --schedule 'cosine(110)'").err, "");
  EXPECT_EQ(run("diabetes --epochs 10 --schedule 'linear(1, 0.5, 100)'").err,
            "kindling-train: warning: schedule: 'linear(1, 0.5, 100)' ends after step 100, and the "
            "run after its 110 steps: from step 101 on the learning rate stays at 0.0250\n");
}

TEST_F(ScheduleLength, OfWhatIsHeldIsNoReasonToWarn) {
  EXPECT_EQ(run("diabetes --epochs 10 --schedule 'cosine(50) then hold'").err, "");
}

TEST_F(ScheduleLength, AnAbsoluteScheduleTellsThatItIgnoresTheLearningRate) {
  const std::string absolute = "diabetes --epochs 2 --schedule 'one_cycle(0.1, 100%)'";
  EXPECT_EQ(run(absolute).err, "");
  EXPECT_EQ(run(absolute + " --lr 0.3").err,
            "kindling-train: warning: --lr 0.3 has no effect: 'one_cycle(0.1, 100%)' is given in "
            "absolute learning rates\n");
  EXPECT_EQ(run("diabetes --epochs 2 --lr 0.3").err, "");
  EXPECT_NE(run("diabetes --epochs 2 --schedule 'one_cycle(1e7, 100%)'")
                .err.find(": try a schedule with a lower max_lr\n"),
            std::string::npos);
  EXPECT_TRUE(ignores_base(schedulers::Schedule::parse("cyclic(0.1, 1)"), 1000));
  EXPECT_FALSE(ignores_base(schedulers::Schedule::parse("warmup(9) then one_cycle(1, 9)"), 1000));
  EXPECT_FALSE(ignores_base(schedulers::Schedule::parse("warmup(9, zero_based)"), 1000));
}

TEST_F(ScheduleLength, TheTableHasTheMomentum) {
  EXPECT_EQ(run("schedules --schedule 'one_cycle(0.1, 4)'").out,
            "    Step | Learning Rate | Momentum\n"
            "       0 |        0.0040 |   0.9500\n"
            "       1 |        0.0812 |   0.8688\n"
            "       2 |        0.0283 |   0.9217\n"
            "       3 |      4.00e-07 |   0.9500\n");
}

}  // namespace
}  // namespace kindling::demo
