// SPDX-License-Identifier: MIT
#include <kindling/core/state_dict.h>
#include <kindling/kindling.h>

#include "tests/support/devices.h"
#include "tests/support/expect_error.h"
#include "tests/support/threads.h"

#include <limits>
#include <utility>

namespace kindling::test {
namespace {

TEST(Threads, CanBeSet) {
  const ThreadCount restore(3);
  EXPECT_EQ(get_num_threads(), 3);
  set_num_threads(1);
  EXPECT_EQ(get_num_threads(), 1);
  EXPECT_THROW(set_num_threads(0), ValueError);
  EXPECT_THROW(set_num_threads(-2), ValueError);
  EXPECT_EQ(get_num_threads(), 1);
}

TEST(FlushDenormal, FlushesInKernelsAloneAndCanBeTurnedOff) {
  const test::OnCpu on_cpu;  // a GPU's kernels always flush
  constexpr float kTiny = std::numeric_limits<float>::denorm_min() * 1000;
  for (const std::int64_t count : {1, 3, 64, 70001}) {
    const Tensor x = full({count}, 2 * std::numeric_limits<float>::min());
    EXPECT_EQ((x * 0.25).sum().item(), 0) << count;
    set_flush_denormal(false);
    EXPECT_NE((x * 0.25)[count - 1].item(), 0) << count;
    set_flush_denormal(true);
  }
  volatile float tiny = kTiny;
  EXPECT_NE(tiny * 0.5f, 0);  // the program's own mode is as it was
}

TEST(BuildInfo, NamesWhatTheLibraryIsMadeOf) {
  const std::string info = build_info();
  for (const char* name :
       {"version: ", "compiler: ", "instruction set: ", "threads: ", "device: "}) {
    EXPECT_NE(info.find(name), std::string::npos) << info;
  }
}

TEST(Log, GoesToTheCallback) {
  std::vector<std::pair<LogLevel, std::string>> heard;
  set_log_callback(
      [&](LogLevel level, const std::string& text) { heard.emplace_back(level, text); });
  detail::log(LogLevel::warning, "one");
  detail::log(LogLevel::info, "two");
  set_log_callback({});
  testing::internal::CaptureStderr();
  detail::log(LogLevel::warning, "three");
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "kindling: warning: three\n");
  ASSERT_EQ(heard.size(), 2u);
  EXPECT_EQ(heard[0], std::pair(LogLevel::warning, std::string("one")));
  EXPECT_EQ(heard[1], std::pair(LogLevel::info, std::string("two")));
}

TEST(StateReader, NamesOwnerAndEntry) {
  const StateDict state{{"a", zeros({2})}, {"n", detail::state_scalar(3)}};
  detail::StateReader reader("SGD", state);
  EXPECT_TRUE(reader.has("a"));
  EXPECT_EQ(reader.take("a", {2}).shape(), Shape(2));
  EXPECT_FALSE(reader.has("a"));
  expect_error<ValueError>(
      "SGD: load_state_dict: \"n\" is unknown here: load the state of an object that was built "
      "alike",
      [&] {
        reader.finish();
        return 0;
      });
  EXPECT_EQ(reader.take_count("n"), 3);
  reader.finish();
  expect_error<ValueError>(
      "SGD: load_state_dict: \"b\" is missing: load the state of an object that was built alike",
      [&] { return reader.take("b", {}); });
}

TEST(StateReader, RefusesWhatDoesNotFit) {
  const StateDict state{{"a", zeros({2})}, {"n", detail::state_scalar(0.5)}};
  detail::StateReader reader("Adam", state);
  expect_error<ShapeError>(
      "Adam: load_state_dict: \"a\" has shape [2], not [3]: load the state of an object that was "
      "built alike",
      [&] { return reader.take("a", {3}); });
  expect_error<ValueError>(
      "Adam: load_state_dict: \"n\" is 0.5: must be a whole number from 0 to 2^53",
      [&] { return reader.take_count("n"); });
  expect_error<ValueError>("Adam: load_state_dict: \"a\" comes twice", [] {
    return detail::StateReader("Adam", {{"a", zeros({1})}, {"a", zeros({1})}});
  });
  expect_error<ValueError>("Adam: load_state_dict: \"a\" is an undefined tensor", [] {
    return detail::StateReader("Adam", {{"a", Tensor()}});
  });
}

}  // namespace
}  // namespace kindling::test
