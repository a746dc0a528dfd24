// SPDX-License-Identifier: MIT
#include <kindling/core/log.h>

#include "tests/optim/training.h"

#include <gtest/gtest.h>

namespace kindling {
namespace {

TEST(Log, GoesToStderrUnlessReplaced) {
  testing::internal::CaptureStderr();
  detail::log(LogLevel::warning, "something");
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "kindling: warning: something\n");
  {
    const test::LogKeeper keeper;
    testing::internal::CaptureStderr();
    detail::log(LogLevel::warning, "something else");
    EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
    EXPECT_EQ(keeper.texts, (std::vector<std::string>{"something else"}));
  }
  testing::internal::CaptureStderr();
  detail::log(LogLevel::info, "a fact");
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "kindling: info: a fact\n");
}

TEST(Log, ACallbackMayReplaceItself) {
  std::vector<std::string> texts;
  set_log_callback([&texts, kept = std::string("first: ")](LogLevel, const std::string& text) {
    set_log_callback([&texts](LogLevel, const std::string& later) { texts.push_back(later); });
    texts.push_back(kept + text);
  });
  detail::log(LogLevel::info, "a");
  detail::log(LogLevel::info, "b");
  set_log_callback(nullptr);
  EXPECT_EQ(texts, (std::vector<std::string>{"first: a", "b"}));
}

}  // namespace
}  // namespace kindling
