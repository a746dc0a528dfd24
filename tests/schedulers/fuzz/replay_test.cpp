// SPDX-License-Identifier: MIT
// The fuzzer's corpus, and what seeded damage makes of it, without a fuzzer.
#include "tests/schedulers/fuzz/target.h"
#include "tests/support/temp_folder.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <iterator>
#include <random>
#include <string>
#include <vector>

namespace kindling::test {
namespace {

std::vector<std::string> schedule_corpus() {
  std::vector<std::filesystem::path> paths;
  const auto folder = std::filesystem::path(KINDLING_TESTS_DIR) / "schedulers/fuzz/corpus";
  for (const auto& file : std::filesystem::directory_iterator(folder)) paths.push_back(file.path());
  std::sort(paths.begin(), paths.end());
  std::vector<std::string> texts;
  for (const std::filesystem::path& path : paths) texts.push_back(read_file(path));
  return texts;
}

std::string damaged_schedule(std::string text, std::mt19937_64& random) {
  static constexpr const char* kPieces[] = {
      "(",     ")",       "[",     "]",    ",",     "=",        "%",    "*",       " then ",
      " for ", " hold",   "0",     "-1",   "1e15",  "1e300",    "1e-9", "'",       "\"",
      "\n",    "\xC3",    "step(", "9",    "true",  "linear()", "NaN",  "T_max=9", "cosine(9)",
      "0.5%",  "between", "1.5",   "1e14", "(((((", "^"};
  const std::uint64_t times = 1 + random() % 2;
  for (std::uint64_t i = 0; i < times; ++i) {
    const std::size_t at = random() % (text.size() + 1);
    const std::size_t length = std::min<std::size_t>(random() % 12, text.size() - at);
    switch (random() % 5) {
      case 0:
        text.erase(at, length);
        break;
      case 1:
        text.insert(at, kPieces[random() % std::size(kPieces)]);
        break;
      case 2:
        text.replace(at, length, kPieces[random() % std::size(kPieces)]);
        break;
      case 3:
        text.insert(at, text.substr(random() % (text.size() + 1), 40));
        break;
      default:
        if (at < text.size()) text[at] = static_cast<char>(random());
    }
  }
  return text;
}

TEST(Fuzz, ScheduleCorpusAndDamage) {
  const std::vector<std::string> texts = schedule_corpus();
  std::size_t read = 0;
  for (const std::string& text : texts) read += feed_schedule(text) ? 1U : 0U;
  EXPECT_EQ(texts.size(), 6U);
  EXPECT_EQ(read, 5U);
  std::mt19937_64 random(20240503);
  read = 0;
  for (int i = 0; i < 5000; ++i)
    read += feed_schedule(damaged_schedule(texts[random() % texts.size()], random)) ? 1U : 0U;
  EXPECT_GT(read, 50U);
  EXPECT_LT(read, 4000U);
}

}  // namespace
}  // namespace kindling::test
