// SPDX-License-Identifier: MIT
#include <kindling/core/nearest.h>

#include <gtest/gtest.h>

namespace kindling::detail {
namespace {

TEST(Nearest, DistanceCountsEdits) {
  EXPECT_EQ(edit_distance("", ""), 0U);
  EXPECT_EQ(edit_distance("epochs", "epochs"), 0U);
  EXPECT_EQ(edit_distance("epoch", "epochs"), 1U);
  EXPECT_EQ(edit_distance("adma", "adam"), 1U);  // a swap of neighbours
  EXPECT_EQ(edit_distance("kitten", "sitting"), 3U);
  EXPECT_EQ(edit_distance("", "abc"), 3U);
  EXPECT_EQ(edit_distance("abc", ""), 3U);
}

TEST(Nearest, SuggestsWhatIsLikeIt) {
  const std::vector<std::string> known{"sgd", "adam", "adamw"};
  EXPECT_EQ(suggestion("adma", known), ": did you mean 'adam'?");
  EXPECT_EQ(suggestion("SGD", known), "");
  EXPECT_EQ(suggestion("rmsprop", known), "");
  EXPECT_EQ(suggestion("ad", known), ": did you mean 'adam'?");  // the beginning of it
  EXPECT_EQ(suggestion("x", {}), "");
}

}  // namespace
}  // namespace kindling::detail
