// SPDX-License-Identifier: MIT
#include "demo/history.h"

#include "tests/demo/xml.h"

#include <gtest/gtest.h>

#include <cstdio>
#include <fstream>
#include <iterator>

namespace kindling::demo {
namespace {

History two_epochs(bool accuracy) {
  History history{.loss_name = "MSE",
                  .has_accuracy = accuracy,
                  .steps_per_epoch = 2,
                  .learning_rate = {0.1, 0.05, 0.025, 0.0125},
                  .loss = {4, 2, 1, 0.5},
                  .test_loss = {3, 1.5}};
  if (accuracy) history.test_accuracy = {0.5, 0.75};
  return history;
}

// What is logged of a history that grows step by step.
std::string logged(const History& whole) {
  const std::string path = testing::TempDir() + "kindling_history_test.csv";
  History history{.loss_name = "MSE",
                  .has_accuracy = whole.has_accuracy,
                  .steps_per_epoch = whole.steps_per_epoch};
  HistoryLog log(path, history);
  for (std::size_t i = 0; i < whole.steps(); ++i) {
    history.learning_rate.push_back(whole.learning_rate[i]);
    history.loss.push_back(whole.loss[i]);
    if (i % 2 == 1 && i / 2 < whole.test_loss.size()) {
      history.test_loss.push_back(whole.test_loss[i / 2]);
      if (whole.has_accuracy) history.test_accuracy.push_back(whole.test_accuracy[i / 2]);
    }
    log.add_steps();
  }
  log.finish();
  std::ifstream file(path, std::ios::binary);
  std::string text{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  std::remove(path.c_str());
  return text;
}

TEST(History, IsWrittenALineAStep) {
  EXPECT_EQ(logged(two_epochs(false)),
            "step,epoch,learning_rate,loss,test_loss\n"
            "1,1,0.1,4,\n"
            "2,1,0.05,2,3\n"
            "3,2,0.025,1,\n"
            "4,2,0.0125,0.5,1.5\n");
  EXPECT_EQ(logged(two_epochs(true)),
            "step,epoch,learning_rate,loss,test_loss,test_accuracy\n"
            "1,1,0.1,4,,\n"
            "2,1,0.05,2,3,0.5\n"
            "3,2,0.025,1,,\n"
            "4,2,0.0125,0.5,1.5,0.75\n");
}

TEST(History, TheLogOfAnEpochThatWasNotFinishedHasNoTest) {
  History history = two_epochs(false);
  history.test_loss.pop_back();
  EXPECT_TRUE(logged(history).ends_with("4,2,0.0125,0.5,\n"));
}

TEST(History, IsDrawnInPanels) {
  const std::string svg = history_svg(two_epochs(false), "A run", "cosine(4)");
  EXPECT_EQ(test::xml_mistake(svg), "");
  for (const char* text :
       {">A run<", ">cosine(4)<", ">Learning rate<", ">MSE<", ">test<", ">each batch<"}) {
    EXPECT_NE(svg.find(text), std::string::npos) << text;
  }
  EXPECT_EQ(svg.find(">Accuracy<"), std::string::npos);
  const std::string classes = history_svg(two_epochs(true), "A run", "cosine(4)");
  EXPECT_EQ(test::xml_mistake(classes), "");
  EXPECT_NE(classes.find(">Accuracy<"), std::string::npos);
}

}  // namespace
}  // namespace kindling::demo
