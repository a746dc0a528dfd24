// SPDX-License-Identifier: MIT
// The fuzzers' corpora, and what seeded damage makes of them, without a fuzzer.
#include "tests/core/saving/fuzz/targets.h"
#include "tests/support/devices.h"
#include "tests/support/fuzzing.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <cstring>
#include <initializer_list>
#include <random>
#include <string>
#include <vector>

namespace kindling::test {
namespace {

constexpr std::initializer_list<const char*> kPieces = {"\"",
                                                        "{",
                                                        "}",
                                                        "[",
                                                        "]",
                                                        ",",
                                                        ":",
                                                        "0",
                                                        "-1",
                                                        "NaN",
                                                        "1e9",
                                                        "9223372036854775807",
                                                        "18446744073709551616",
                                                        "\\u0000",
                                                        "\\ud800",
                                                        "F64",
                                                        "I64",
                                                        "[]",
                                                        "[0,0]",
                                                        "\xff",
                                                        "null"};

TEST(Fuzz, SafetensorsCorpusAndDamage) {
  const Replayed replay =
      replayed("core/saving/fuzz/corpus/safetensors", feed_safetensors, kPieces, 2000, 20240501);
  ASSERT_GE(replay.files, 5u);
  EXPECT_GE(replay.accepted, 3u);
  EXPECT_GT(replay.accepted_damaged, 10u);
  EXPECT_LT(replay.accepted_damaged, 1000u);
}

TEST(Fuzz, StateDictCorpusAndDamage) {
  std::vector<std::string> files = corpus("core/saving/fuzz/corpus/state_dict");
  for (const std::string& file : files) (void)feed_state_dict(file);
  files.push_back(whole_state_dict());
  EXPECT_TRUE(feed_state_dict(files.back()));
  std::mt19937_64 random(20240502);
  int loaded = 0;
  const int count = sized(2000, 100);
  for (int i = 0; i < count; ++i) {
    const std::string& file = files[random() % files.size()];
    std::uint64_t length = 0;
    std::memcpy(&length, file.data(), sizeof length);
    const std::size_t data = sizeof length + static_cast<std::size_t>(length);
    // The header by itself, so that its length is right, or the values, or any of the bytes.
    std::string header = file.substr(sizeof length, length);
    std::string values = file.substr(data);
    if (i % 3 == 0) header = damaged(header, kPieces, random);
    if (i % 3 == 1 && !values.empty()) {
      const double any = std::ldexp(static_cast<double>(random() % 2000) - 1000,
                                    static_cast<int>(random() % 60) - 20);
      std::memcpy(&values[random() % (values.size() / 8) * 8], &any, sizeof any);
    }
    length = header.size();
    std::string bytes(sizeof length, '\0');
    std::memcpy(bytes.data(), &length, sizeof length);
    bytes += header + values;
    if (i % 3 == 2) bytes = damaged(bytes, kPieces, random);
    loaded += feed_state_dict(bytes) ? 1 : 0;
  }
  EXPECT_GT(loaded, count / 20);
  EXPECT_LT(loaded, count * 19 / 20);
}

}  // namespace
}  // namespace kindling::test
