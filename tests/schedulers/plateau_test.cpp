// SPDX-License-Identifier: MIT
#include <kindling/kernels/math/plateau.h>
#include <kindling/schedulers/checks.h>

#include "tests/schedulers/golden.h"

#include <limits>

namespace kindling::golden {
namespace {

TEST(Plateau, AgreesWithPyTorchInAllModes) {
  const Json file = load("ReduceLROnPlateau");
  ASSERT_GE(file.at("cases").size(), 20u);
  for (const Json& test : file.at("cases")) {
    SCOPED_TRACE(test.at("metrics").get<std::string>() + " " + test.at("options").dump());
    math::PlateauRule rule;
    std::string mode;
    std::string threshold_mode;
    schedulers::PerGroup min_lr = 0.0;
    Options(test.at("options"))
        .read("factor", rule.factor)
        .read("threshold", rule.threshold)
        .read("eps", rule.eps)
        .read("patience", rule.patience)
        .read("cooldown", rule.cooldown)
        .read("mode", mode)
        .read("threshold_mode", threshold_mode)
        .read("min_lr", min_lr)
        .complete();
    rule.maximize = mode == "max";
    rule.absolute = threshold_mode == "abs";

    const std::size_t groups = test.at("base_lr").size();
    auto lr = test.at("base_lr").get<std::vector<double>>();
    math::PlateauState state = math::plateau_start(rule);
    const Json& metrics = file.at("metrics").at(test.at("metrics").get<std::string>());
    for (std::size_t i = 0; i < metrics.size(); ++i) {
      const bool reduce = math::plateau_step(rule, state, metric_of(metrics[i]));
      for (std::size_t group = 0; group < groups; ++group) {
        const double floor = schedulers::value_for({"test", group, groups}, "min_lr", min_lr);
        if (reduce) lr[group] = math::plateau_reduced(rule, lr[group], floor);
        ASSERT_TRUE(close(lr[group], test.at("lr").at(group).at(i)))
            << "metric " << i << " = " << metrics[i] << ", group " << group;
      }
    }
    EXPECT_EQ(state.last_epoch, static_cast<std::int64_t>(metrics.size()));
  }
}

TEST(Plateau, NaNCountsAsBad) {
  math::PlateauRule rule;
  rule.patience = 2;
  math::PlateauState state = math::plateau_start(rule);
  EXPECT_FALSE(math::plateau_step(rule, state, 1.0));
  const double nan = std::numeric_limits<double>::quiet_NaN();
  EXPECT_FALSE(math::plateau_step(rule, state, nan));
  EXPECT_FALSE(math::plateau_step(rule, state, nan));
  EXPECT_TRUE(math::plateau_step(rule, state, nan));
  EXPECT_EQ(state.best, 1.0);
  EXPECT_EQ(state.bad_epochs, 0);
}

TEST(Plateau, CooldownHoldsBackThePatience) {
  math::PlateauRule rule;
  rule.patience = 0;
  rule.cooldown = 3;
  math::PlateauState state = math::plateau_start(rule);
  std::string reduced;
  for (int i = 0; i < 10; ++i) reduced += math::plateau_step(rule, state, 1.0) ? 'R' : '.';
  EXPECT_EQ(reduced, ".R...R...R");
}

TEST(Plateau, LeavesTheLearningRateAloneWithinEps) {
  math::PlateauRule rule;
  rule.factor = 0.5;
  rule.eps = 0.01;
  EXPECT_EQ(math::plateau_reduced(rule, 0.1, 0.0), 0.05);
  EXPECT_EQ(math::plateau_reduced(rule, 0.1, 0.08), 0.08);
  EXPECT_EQ(math::plateau_reduced(rule, 0.1, 0.095), 0.1);
  EXPECT_EQ(math::plateau_reduced(rule, 0.1, 0.2), 0.1);  // min_lr never raises it
  EXPECT_EQ(math::plateau_reduced(rule, 0.02, 0.0), 0.02);
}

}  // namespace
}  // namespace kindling::golden
