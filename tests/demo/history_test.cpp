// SPDX-License-Identifier: MIT
#include "demo/history.h"

#include "tests/demo/xml.h"

#include <gtest/gtest.h>

namespace kindling::demo {
namespace {

const History kHistory{.learning_rate = {0.1, 0.05, 0.025, 0.0125},
                       .loss = {4, 2, 1, 0.5},
                       .test_loss = {3, 1.5},
                       .steps_per_epoch = 2};

TEST(History, IsWrittenALineAStep) {
  EXPECT_EQ(history_csv(kHistory),
            "step,epoch,learning_rate,loss,test_loss\n"
            "1,1,0.1,4,\n"
            "2,1,0.05,2,3\n"
            "3,2,0.025,1,\n"
            "4,2,0.0125,0.5,1.5\n");
}

TEST(History, IsDrawnInTwoPanels) {
  const std::string svg = history_svg(kHistory, "A run", "cosine(4)");
  EXPECT_EQ(test::xml_mistake(svg), "");
  for (const char* text :
       {">A run<", ">cosine(4)<", ">Learning rate<", ">Loss<", ">test<", ">each batch<"}) {
    EXPECT_NE(svg.find(text), std::string::npos) << text;
  }
}

}  // namespace
}  // namespace kindling::demo
