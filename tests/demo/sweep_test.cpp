// SPDX-License-Identifier: MIT
#include "demo/sweep.h"

#include <kindling/core/settings.h>
#include <kindling/schedulers/schedules.h>

#include "demo/lr_range.h"
#include "demo/run.h"
#include "tests/demo/program.h"
#include "tests/demo/xml.h"

#include <cmath>

namespace kindling::demo {
namespace {

using ProgramSweep = Program;

TrainingOptions few_steps() { return {.lr = 0.1, .batch_size = 8, .epochs = 3, .device = "cpu"}; }

// y = x, on 40 rows.
Task line_task(const TrainingOptions& options) {
  Dataset data{{"x"}, "y", {}, {}};
  for (int i = 0; i < 40; ++i) {
    data.x.push_back(i);
    data.y.push_back(i);
  }
  prepare(options);
  const Split parts = split(data, 0.2, 0);
  return regression_task("line", parts, recipe_of(parts.train), options);
}

TEST(TrialSchedule, WarmsUpAndGoesOn) {
  const auto cosine = trial_schedule("20%", "cosine", 100);
  EXPECT_DOUBLE_EQ(cosine(0), 1.0 / 20);
  EXPECT_DOUBLE_EQ(cosine(20), 1);
  EXPECT_NEAR(cosine(60), 0.5, 1e-12);
  EXPECT_NEAR(cosine(100), 0, 1e-12);
  const auto linear = trial_schedule("10", "linear", 110);
  EXPECT_NEAR(linear(60), 0.5, 1e-12);
  EXPECT_NEAR(linear(110), 0, 1e-12);
  EXPECT_DOUBLE_EQ(trial_schedule("0", "constant", 10)(0), 1);
  EXPECT_DOUBLE_EQ(trial_schedule("5", "step(50%, gamma=0.5)", 15)(10), 0.5);
}

TEST(TrialSchedule, RefusesWhatIsNone) {
  for (const char* warmup : {"-1", "1.5", "100", "100%", "x", "%", ""})
    EXPECT_THROW(trial_schedule(warmup, "cosine", 100), ValueError) << warmup;
  EXPECT_THROW(trial_schedule("0", "cosines", 100), ValueError);
}

TEST(Sweep, DoesNotDependOnTheNumberOfJobs) {
  const TrainingOptions options = few_steps();
  const Task task = line_task(options);
  Grid grid{{0.001, 0.1}, {"0", "4"}, {"cosine", "constant"}, 1};
  const std::vector<Trial> one = run_sweep(task, options, grid);
  grid.jobs = 3;
  const int threads = get_num_threads();
  const std::vector<Trial> three = run_sweep(task, options, grid);
  EXPECT_EQ(get_num_threads(), threads);
  ASSERT_EQ(one.size(), 8U);
  for (std::size_t i = 0; i < one.size(); ++i) {
    EXPECT_TRUE(one[i].finished);
    EXPECT_EQ(one[i].losses.size(), 3U);
    EXPECT_EQ(one[i].losses, three[i].losses) << i;
    EXPECT_EQ(one[i].test_loss, three[i].test_loss) << i;
  }
  EXPECT_EQ(one[1].lr, 0.1);  // in the grid's order
  EXPECT_EQ(one[2].warmup, "4");
  EXPECT_EQ(one[4].schedule, "constant");
  EXPECT_LT(one[1].train_loss, one[0].train_loss);
}

TEST(Sweep, ATrialIsTheTrainingOfItsOwn) {
  const TrainingOptions options = few_steps();
  const Task task = line_task(options);
  const Trial trial = run_sweep(task, options, {{0.1}, {"3"}, {"cosine"}, 1}).at(0);
  manual_seed(options.seed);
  demo::Run run(task, options, trial_schedule("3", "cosine", 12));
  double last = 0;
  for (int step = 0; step < 12; ++step) last = (step % 4 == 0 ? 0 : last) + run.step();
  EXPECT_EQ(trial.train_loss, last / 4);
  EXPECT_EQ(trial.test_loss, run.test().loss);
}

TEST(Sweep, ADivergedTrialIsNaNAndDrawnAsSuch) {
  const TrainingOptions options = few_steps();
  const Task task = line_task(options);
  const Grid grid{{0.1, 1e30}, {"0"}, {"constant"}, 2};
  const std::vector<Trial> trials = run_sweep(task, options, grid);
  EXPECT_TRUE(std::isfinite(trials[0].train_loss));
  EXPECT_TRUE(std::isnan(trials[1].train_loss));
  EXPECT_TRUE(trials[1].finished);
  const std::string svg = sweep_svg(trials, grid, task, "subtitle");
  EXPECT_EQ(test::xml_mistake(svg), "");
  for (const char* text : {">diverged<", ">Epoch<", ">lr 0.1<", ">Final train MSE, constant<"})
    EXPECT_NE(svg.find(text), std::string::npos) << text;
}

TEST(Sweep, ATrialThatThrowsLeavesTheThreadsAsTheyWere) {
  const TrainingOptions options = few_steps();
  const Task task = line_task(options);
  const int threads = get_num_threads();
  set_num_threads(3);
  EXPECT_THROW(run_sweep(task, options, {{-1.0, 0.1}, {"0"}, {"constant"}, 2}), ValueError);
  EXPECT_EQ(get_num_threads(), 3);
  set_num_threads(threads);
}

TEST(LrRange, RisesByTheSameFactorAndStopsWhenTheLossBlowsUp) {
  const TrainingOptions options = few_steps();
  const Task task = line_task(options);
  const LrRange range = test_lr_range(task, options, {.from = 1e-4, .to = 100, .steps = 120});
  EXPECT_EQ(range.lr.size(), range.loss.size());
  EXPECT_EQ(range.lr.size(), range.smoothed.size());
  EXPECT_LT(range.lr.size(), 120U);
  EXPECT_GT(range.lr.size(), 40U);
  EXPECT_DOUBLE_EQ(range.lr[0], 1e-4);
  EXPECT_NEAR(range.lr[40] / range.lr[0], std::pow(1e6, 40.0 / 119.0), 1e-6);
  EXPECT_LT(range.steepest, range.lowest);
  EXPECT_GT(range.steepest, 1e-4);
  EXPECT_LT(range.lowest, 10);
  EXPECT_EQ(test::xml_mistake(lr_range_svg(range, task)), "");
}

TEST(LrRange, RefusesABeginningThatIsTooLarge) {
  const TrainingOptions options = few_steps();
  EXPECT_THROW(test_lr_range(line_task(options), options, {.from = 1e20, .to = 1e30}), ValueError);
}

TEST_F(ProgramSweep, SaysWhichScheduleHasLearningRatesOfItsOwn) {
  const Outcome outcome =
      run("sweep diabetes --lrs 0.01 --warmups 0 --epochs 1 --schedules "
          "'cosine;one_cycle(0.1, 100%)'");
  EXPECT_EQ(outcome.status, 0) << outcome.out;
  EXPECT_EQ(
      outcome.err,
      "kindling-train: warning: --lrs has no effect on 'one_cycle(0.1, 100%)', which is given "
      "in absolute learning rates\n");
}

TEST_F(ProgramSweep, IsOneTableAndOnePicture) {
  const Outcome outcome =
      run("sweep diabetes --lrs 0.01,0.1 --warmups 0,10% --schedules 'cosine;step(10)' --epochs 3 "
          "--plot sweep.svg --jobs 2");
  ASSERT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_EQ(outcome.err, "");
  const std::regex row("\n *(cosine|step\\(10\\)) \\| +(0|10%) \\| +(0.01|0.1) \\| +[0-9.]+ \\| ");
  EXPECT_EQ(std::distance(std::sregex_iterator(outcome.out.begin(), outcome.out.end(), row), {}), 8)
      << outcome.out;
  EXPECT_NE(outcome.out.find("\nLowest train MSE: lr 0."), std::string::npos) << outcome.out;
  EXPECT_EQ(test::xml_mistake(read("sweep.svg")), "");
}

TEST_F(ProgramSweep, FindLrReadsACsvFileToo) {
  std::string text = "x,y\n";
  for (int i = 0; i < 200; ++i) text += std::to_string(i) + (i % 3 == 0 ? ",low\n" : ",high\n");
  write("a.csv", text);
  const Outcome outcome = run("find-lr a.csv --target y --classify --plot lr.svg");
  ASSERT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_GT(number_in(outcome.out, "falls fastest at a learning rate of ([0-9.e-]+)"), 0);
  EXPECT_EQ(test::xml_mistake(read("lr.svg")), "");
}

}  // namespace
}  // namespace kindling::demo
