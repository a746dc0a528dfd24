// SPDX-License-Identifier: MIT
#include <kindling/core/autograd.h>

#include <gtest/gtest.h>

namespace kindling::test {
namespace {

/// After every test, whatever it tested, no graph may be left: a cycle of references would be seen
/// here.
class NoLiveNodes : public testing::EmptyTestEventListener {
  void OnTestEnd(const testing::TestInfo&) override {
    EXPECT_EQ(live_graph_nodes(), 0) << "the test left graph nodes behind";
  }
};

[[maybe_unused]] const bool listening = [] {
  testing::UnitTest::GetInstance()->listeners().Append(new NoLiveNodes);
  return true;
}();

}  // namespace
}  // namespace kindling::test
