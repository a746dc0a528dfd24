// SPDX-License-Identifier: MIT
#include "tests/schedulers/golden.h"

#include <array>

namespace kindling::golden {
namespace {

class Golden : public testing::TestWithParam<const char*> {};

TEST_P(Golden, LearningRateAndMomentumAgreeWithPyTorch) {
  const std::string name = GetParam();
  const Json file = load(name);
  ASSERT_GE(file.at("cases").size(), 5u);
  for (const Json& test : file.at("cases")) {
    SCOPED_TRACE(name + " " + test.at("options").dump());
    const std::size_t groups = test.at("base_lr").size();
    for (std::size_t group = 0; group < groups; ++group) {
      const Schedule made = schedule(name, test.at("options"), group, groups);
      const double base_lr = test.at("base_lr").at(group);
      const Json& lr = test.at("lr").at(group);
      EXPECT_EQ(made.drives_momentum(), test.contains("momentum"));
      // Backwards, so that nothing can lean on the value before.
      for (std::size_t i = lr.size(); i-- > 0;) {
        const auto t = static_cast<std::int64_t>(i);
        ASSERT_TRUE(close(made(t, base_lr), lr.at(i))) << "lr at t = " << t << ", group " << group;
        if (!made.drives_momentum()) continue;
        ASSERT_TRUE(close(made.momentum(t).value(), test.at("momentum").at(group).at(i)))
            << "momentum at t = " << t << ", group " << group;
      }
    }
  }
}

constexpr std::array kSchedules{"LambdaLR",      "MultiplicativeLR", "StepLR",
                                "MultiStepLR",   "ConstantLR",       "LinearLR",
                                "ExponentialLR", "PolynomialLR",     "CosineAnnealingLR",
                                "CyclicLR",      "OneCycleLR",       "CosineAnnealingWarmRestarts",
                                "SequentialLR",  "ChainedScheduler", "SWALR"};

INSTANTIATE_TEST_SUITE_P(Schedules, Golden, testing::ValuesIn(kSchedules),
                         [](const auto& test) { return std::string(test.param); });

}  // namespace
}  // namespace kindling::golden
