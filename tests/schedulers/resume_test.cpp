// SPDX-License-Identifier: MIT
#include "tests/schedulers/classes.h"

namespace kindling::golden {
namespace {

template <class TrainingType>
void make_steps(TrainingType& training, LRScheduler& scheduler, std::int64_t end) {
  while (scheduler.last_epoch() < end) {
    training.optimizer.zero_grad();
    for (const Tensor& weight : training.weights) (weight * weight).sum().backward();
    training.optimizer.step();
    scheduler.step();
  }
}

template <class TrainingType>
void expect_equal(const TrainingType& a, const TrainingType& b) {
  const StateDict expected = a.optimizer.state_dict();
  const StateDict actual = b.optimizer.state_dict();
  ASSERT_EQ(expected.size(), actual.size());
  for (std::size_t i = 0; i < expected.size(); ++i) {
    ASSERT_EQ(test::values(expected[i].second), test::values(actual[i].second))
        << expected[i].first;
  }
  for (std::size_t i = 0; i < a.weights.size(); ++i) {
    ASSERT_EQ(test::values(a.weights[i]), test::values(b.weights[i])) << "parameter " << i;
    ASSERT_EQ(record_of(a.optimizer, i).lr.value, record_of(b.optimizer, i).lr.value);
    ASSERT_EQ(record_of(a.optimizer, i).momentum.value, record_of(b.optimizer, i).momentum.value);
  }
}

// A run of 200 steps, and one of the same that was saved after `stop` and goes on in new objects.
template <class TrainingType>
void expect_resumed_equals_unbroken(const SchedulerClass& which, const Json& test,
                                    std::int64_t stop, bool scheduler_first) {
  SCOPED_TRACE("saved after " + std::to_string(stop));
  const std::vector<double> lrs = test.at("base_lr");
  TrainingType unbroken(lrs);
  const auto scheduler = which.attach(unbroken.optimizer, test.at("options"));
  make_steps(unbroken, *scheduler, stop);

  TrainingType resumed(std::vector<double>(lrs.size(), 7.0));
  const auto again = which.attach(resumed.optimizer, test.at("options"));
  for (std::size_t i = 0; i < lrs.size(); ++i) {
    resumed.weights[i].detach().copy_(unbroken.weights[i].detach());
  }
  if (scheduler_first) again->load_state_dict(scheduler->state_dict());
  resumed.optimizer.load_state_dict(unbroken.optimizer.state_dict());
  if (!scheduler_first) again->load_state_dict(scheduler->state_dict());
  EXPECT_EQ(again->last_epoch(), stop);
  expect_equal(unbroken, resumed);
  make_steps(unbroken, *scheduler, 200);
  make_steps(resumed, *again, 200);
  expect_equal(unbroken, resumed);
}

class Resume : public testing::TestWithParam<SchedulerClass> {};

TEST_P(Resume, EqualsTheUnbrokenRunBitForBit) {
  const SchedulerClass& which = GetParam();
  const test::LogKeeper quiet;  // some of the cases begin at 0
  bool scheduler_first = false;
  const Json file = load(which.name);
  for (const Json& test : file.at("cases")) {
    SCOPED_TRACE(test.at("options").dump());
    for (const std::int64_t stop : {0, 1, 9, 130}) {
      expect_resumed_equals_unbroken<SGDTraining>(which, test, stop, scheduler_first);
      expect_resumed_equals_unbroken<AdamTraining>(which, test, stop, !scheduler_first);
      scheduler_first = !scheduler_first;
      if (HasFailure()) return;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Schedulers, Resume, testing::ValuesIn(kClasses), class_name);

TEST(SchedulerStateDict, HoldsTheStepAndTheLearningRates) {
  SGDTraining training({0.5, 0.25});
  s::StepLR scheduler(training.optimizer, {.step_size = 1, .gamma = 0.5});
  scheduler.step();
  std::vector<std::pair<std::string, double>> entries;
  for (const auto& [name, value] : scheduler.state_dict()) entries.emplace_back(name, value.item());
  EXPECT_EQ(entries, (std::vector<std::pair<std::string, double>>{
                         {"last_epoch", 1}, {"last_lr.0", 0.25}, {"last_lr.1", 0.125}}));
}

TEST(SchedulerStateDict, APlateauBesideASchedulerResumes) {
  const auto metric = [](std::int64_t t) { return t % 9 == 0 ? 1.0 / double(t + 1) : 1.0; };
  SGDTraining unbroken({0.1, 0.2});
  SGDTraining resumed({1.0, 1.0});
  s::CosineAnnealingLR first(unbroken.optimizer, {.T_max = 100});
  s::CosineAnnealingLR second(resumed.optimizer, {.T_max = 100});
  const s::PlateauOptions options{.factor = 0.5, .patience = 5, .cooldown = 2};
  s::ReduceLROnPlateau first_plateau(unbroken.optimizer, options);
  s::ReduceLROnPlateau second_plateau(resumed.optimizer, options);
  for (std::int64_t t = 0; t < 35; ++t) {
    first.step();
    first_plateau.step(metric(t));
  }
  EXPECT_LT(first.lr_at(0), 0.1);  // it has reduced the base
  second.load_state_dict(first.state_dict());
  second_plateau.load_state_dict(first_plateau.state_dict());
  resumed.optimizer.load_state_dict(unbroken.optimizer.state_dict());
  for (std::int64_t t = 35; t < 200; ++t) {
    first.step();
    first_plateau.step(metric(t));
    second.step();
    second_plateau.step(metric(t));
    ASSERT_EQ(first.get_last_lr(), second.get_last_lr()) << "t = " << t;
  }
}

}  // namespace
}  // namespace kindling::golden
