// SPDX-License-Identifier: MIT
#include <kindling/core/error.h>
#include <kindling/schedulers/makers.h>
#include <kindling/schedulers/schedules.h>

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>

namespace kindling::schedulers {
namespace {

void expect_same(const std::string& text, const Schedule& expected, std::int64_t total_steps = 0) {
  const Schedule schedule = Schedule::parse(text, total_steps);
  for (std::int64_t t = 0; t < 260; ++t) {
    ASSERT_EQ(schedule(t, 0.1), expected(t, 0.1)) << text << " at t = " << t;
    ASSERT_EQ(schedule.momentum(t), expected.momentum(t)) << text << " at t = " << t;
  }
}

std::string schedule_error(const std::string& text) {
  try {
    Schedule::parse(text);
  } catch (const ValueError& error) {
    return error.what();
  }
  return "no error";
}

TEST(ScheduleParse, KnowsEveryMaker) {
  expect_same("warmup(7)", warmup(7));
  expect_same("warmup(7, between)", warmup(7, WarmupConvention::between));
  expect_same("warmup(7, convention='from_factor', start_factor=0.2)",
              warmup(7, WarmupConvention::from_factor, 0.2));
  expect_same("constant(0.5, 9)", constant({.factor = 0.5, .total_iters = 9}));
  expect_same("constant()", constant());
  expect_same("linear(0.2, 0.9, 50)",
              linear({.start_factor = 0.2, .end_factor = 0.9, .total_iters = 50}));
  expect_same("exponential(.99)", exponential({.gamma = 0.99}));
  expect_same("polynomial(40, power=2)", polynomial({.total_iters = 40, .power = 2}));
  expect_same("step(30)", step({.step_size = 30}));
  expect_same("multi_step(30, 80, gamma=0.5)", multi_step({.milestones = {30, 80}, .gamma = 0.5}));
  expect_same("multi_step([30, 80], 0.5)", multi_step({.milestones = {30, 80}, .gamma = 0.5}));
  expect_same("multi_step(milestones=[30, 80])", multi_step({.milestones = {30, 80}}));
  expect_same("cosine(T_max=200, eta_min=1e-3)", cosine({.T_max = 200, .eta_min = 1e-3}));
  expect_same("warm_restarts(20, 2)", warm_restarts({.T_0 = 20, .T_mult = 2}));
  expect_same(
      "cyclic(0.01, 0.1, 20, step_size_down=30, mode=\"triangular2\", cycle_momentum=false)",
      cyclic({.base_lr = 0.01,
              .max_lr = 0.1,
              .step_size_up = 20,
              .step_size_down = 30,
              .mode = "triangular2",
              .cycle_momentum = false}));
  expect_same("one_cycle(0.1, 200, three_phase=true)",
              one_cycle({.max_lr = 0.1, .total_steps = 200, .three_phase = true}));
  expect_same("inverse_sqrt(30)", inverse_sqrt({.timescale = 30}));
  expect_same("noam(64, 40)", noam({.d_model = 64, .warmup_steps = 40}));
  expect_same(
      "wsd(10, 100, 50, linear)",
      wsd({.warmup_steps = 10, .stable_steps = 100, .decay_steps = 50, .decay_type = "linear"}));
}

TEST(ScheduleParse, ThenFollowsTheEndOfEachPart) {
  expect_same("warmup(100) then cosine(90)", warmup(100).then(cosine({.T_max = 90})));
  expect_same("linear(0.1, 1, 10) then cosine(90) then constant(0.5, 20)",
              sequence({linear({.start_factor = 0.1, .total_iters = 10}), cosine({.T_max = 90}),
                        constant({.factor = 0.5, .total_iters = 20})},
                       {10, 100}));
}

TEST(ScheduleParse, AnExponentialWarmupGoesOnMultiplying) {
  expect_same("warmup(10, exponential) then cosine(90)",
              warmup(10, WarmupConvention::exponential).then(cosine({.T_max = 90})));
}

TEST(ScheduleParse, ForSetsTheLength) {
  expect_same("exponential(0.99) for 100 then step(9)",
              sequence({exponential({.gamma = 0.99}), step({.step_size = 9})}, {100}));
  EXPECT_EQ(Schedule::parse("exponential(0.99) for 100").length(), 100);
}

TEST(ScheduleParse, HoldStaysAtTheEnd) {
  expect_same("warmup(10) then cosine(90) then hold",
              warmup(10).then(cosine({.T_max = 90})).hold());
  expect_same("cosine(90, eta_min=0.01) then hold for 30 then constant(0.5, 20)",
              cosine({.T_max = 90, .eta_min = 0.01})
                  .hold()
                  .for_steps(120)
                  .then(constant({.factor = 0.5, .total_iters = 20})));
  EXPECT_EQ(Schedule::parse("cosine(90) then hold for 30").length(), 120);
  EXPECT_EQ(Schedule::parse("cosine(90) then hold").length(), std::nullopt);
}

TEST(ScheduleParse, StarBindsTighterThanThen) {
  const Schedule product = step({.step_size = 5}) * warmup(8);
  expect_same("warmup(10) then step(5) * warmup(8)", warmup(10).then(product));
  expect_same("(warmup(10) then step(5)) * warmup(8)",
              warmup(10).then(step({.step_size = 5})) * warmup(8));
}

TEST(ScheduleParse, PercentagesAreOfTheRun) {
  expect_same("warmup(10%) then cosine(90%)", warmup(25).then(cosine({.T_max = 225})), 250);
}

TEST(ScheduleParse, KnowsLengths) {
  EXPECT_EQ(Schedule::parse("warmup(100) then cosine(900)").length(), 1000);
  EXPECT_EQ(Schedule::parse("warmup(10) * cosine(90)").length(), 90);
  EXPECT_EQ(Schedule::parse("wsd(1, 2, 3)").length(), 6);
  EXPECT_EQ(Schedule::parse("one_cycle(0.1, epochs=3, steps_per_epoch=5)").length(), 15);
  EXPECT_EQ(Schedule::parse("warmup(10) then step(5)").length(), std::nullopt);
  EXPECT_EQ(Schedule::parse("step(5) * cosine(90)").length(), std::nullopt);
}

TEST(ScheduleParse, LayoutDoesNotMatter) {
  expect_same("  ( cosine\t(\nT_max = 90 ) ) ", cosine({.T_max = 90}));
}

TEST(ScheduleParse, ReadsWhatDescriptionsSay) {
  for (const char* text : {"warmup(100) then cosine(900)", "multi_step(30, 80, gamma=0.5)",
                           "warm_restarts(50, T_mult=2) * warmup(9, convention=between)",
                           "linear(0.1, 1, 10) then cosine(90) then (step(5) * warmup(3))",
                           "exponential(0.99) for 100 then (cosine(9) then hold)",
                           "(cosine(9) then hold) for 30 then exponential(0.9)"}) {
    EXPECT_EQ(Schedule::parse(text).description(), text);
  }
}

struct Mistake {
  const char* text;
  const char* error;
};

TEST(ScheduleParse, PutsACaretAtTheMistake) {
  const Mistake mistakes[] = {
      {"warmup(100 then cosine(900)",
       "schedule: expected ')' or ',', found 'then'\n"
       "  warmup(100 then cosine(900)\n"
       "             ^"},
      {"", "schedule: expected a schedule such as cosine(900), found the end\n  \n  ^"},
      {"cosine(9) )",
       "schedule: expected 'then', 'for', '*' or the end, found ')'\n  cosine(9) )\n            ^"},
      {"(cosine(9)",
       "schedule: expected ')', 'then', 'for' or '*', found the end\n  (cosine(9)\n            ^"},
      {"cosine(9) then",
       "schedule: expected a schedule such as cosine(900), found the end\n  cosine(9) then\n       "
       "         ^"},
      {"cosine", "schedule: expected '(' after cosine, found the end\n  cosine\n        ^"},
      {"cosine(1.5)", "schedule: expected a whole number, found 1.5\n  cosine(1.5)\n         ^"},
      {"cosine(1e)", "schedule: expected a value, found '1e'\n  cosine(1e)\n         ^"},
      {"cosine(9, 1, 2)",
       "schedule: too many arguments: expected at most 2\n  cosine(9, 1, 2)\n               ^"},
      {"cosine(eta=3)",
       "schedule: unknown argument 'eta': did you mean 'eta_min'?\n  cosine(eta=3)\n         ^"},
      {"cosine(x=3)",
       "schedule: unknown argument 'x': known are T_max, eta_min\n  cosine(x=3)\n         ^"},
      {"cosine(9, T_max=9)",
       "schedule: argument 'T_max' is given twice\n  cosine(9, T_max=9)\n                  ^"},
      {"cosine(T_max=9, 3)",
       "schedule: an argument without a name stands behind one with a name\n  cosine(T_max=9, 3)\n "
       "                 ^"},
      {"cosine('9)", "schedule: this quote is not closed\n  cosine('9)\n         ^"},
      {"cosine(nine)",
       "schedule: expected a whole number or a percentage\n  cosine(nine)\n         ^"},
      {"multi_step([3, 8)",
       "schedule: expected ']' or ',', found ')'\n  multi_step([3, 8)\n                  ^"},
      {"exponential(9%)",
       "schedule: a percentage needs a run of known length: give a number of steps\n  "
       "exponential(9%)\n              ^"},
      {"step(9) then cosine(9)",
       "schedule: what stands before 'then' has no end of its own: say how long it lasts, as in "
       "exponential(0.99) for "
       "100 then ...\n  step(9) then cosine(9)\n          ^"},
      {"cosine(9) then hold then step(9)",
       "schedule: what stands before 'then' has no end of its own: say how long it lasts, as in "
       "exponential(0.99) for 100 then ...\n  cosine(9) then hold then step(9)\n"
       "                      ^"},
      {"cosine(9) for 1e300",
       "schedule: expected a whole number of steps after 'for'\n  cosine(9) for 1e300\n"
       "                ^"},
      {"one_cycle(1, epochs=1e15, steps_per_epoch=1e15)",
       "schedule: one_cycle: epochs 1000000000000000: must be at most 9223\n"
       "  one_cycle(1, epochs=1e15, steps_per_epoch=1e15)\n"
       "                      ^"},
      {"cosine(9) for 1.5",
       "schedule: expected a whole number of steps after 'for'\n  cosine(9) for 1.5\n              "
       "  ^"},
  };
  for (const auto& [text, error] : mistakes) EXPECT_EQ(schedule_error(text), error);
}

TEST(ScheduleParse, ListsTheSchedulesThereAre) {
  EXPECT_EQ(schedule_error("cosin(9)"),
            "schedule: unknown schedule 'cosin': did you mean 'cosine'?\n  cosin(9)\n  ^");
  EXPECT_EQ(
      schedule_error("triangle(9)"),
      "schedule: unknown schedule 'triangle': known are warmup, constant, linear, exponential, "
      "polynomial, step, "
      "multi_step, cosine, warm_restarts, cyclic, one_cycle, inverse_sqrt, noam, swa, wsd\n  "
      "triangle(9)\n  ^");
}

TEST(ScheduleParse, PointsAtTheArgumentThatAScheduleRefuses) {
  EXPECT_EQ(schedule_error("warmup(5) then cosine(eta_min=0, T_max=0)"),
            "schedule: cosine: T_max 0: must be at least 1\n"
            "  warmup(5) then cosine(eta_min=0, T_max=0)\n"
            "                                         ^");
  EXPECT_EQ(schedule_error("cosine()"),
            "schedule: cosine: T_max 0: must be at least 1\n  cosine()\n  ^");
}

TEST(ScheduleParse, CountsCharactersNotBytes) {
  EXPECT_EQ(schedule_error("cosine(9, \xC3\xA9)"),
            "schedule: expected a value, found '\xC3\xA9'\n  cosine(9, \xC3\xA9)\n            ^");
  EXPECT_EQ(schedule_error("cosine('\xC3\xA9', ?)"),
            "schedule: expected a value, found '?'\n  cosine('\xC3\xA9', ?)\n              ^");
}

TEST(ScheduleParse, BoundsTheDepth) {
  EXPECT_TRUE(schedule_error(std::string(100000, '('))
                  .starts_with("schedule: more than 100 parentheses deep\n"));
}

TEST(ScheduleMakers, TheManualHasTheirArgumentsAndDefaults) {
  std::ifstream file(KINDLING_TESTS_DIR "/../docs/schedulers.md");
  const std::string manual{std::istreambuf_iterator<char>(file), {}};
  for (const Maker& maker : makers()) {
    const std::size_t line = manual.find("\n| `" + maker.name + "` | ");
    ASSERT_NE(line, std::string::npos) << maker.name;
    const std::string row = manual.substr(line, manual.find('\n', line + 1) - line);
    EXPECT_NE(row.find(" | `" + maker.signature() + "` | "), std::string::npos)
        << maker.signature() << " is not in" << row;
  }
  EXPECT_EQ(makers().size(), 15U);
}

}  // namespace
}  // namespace kindling::schedulers
