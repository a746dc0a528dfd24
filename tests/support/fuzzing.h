// SPDX-License-Identifier: MIT
#pragma once

#include "tests/support/temp_folder.h"

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <initializer_list>
#include <random>
#include <string>
#include <vector>

namespace kindling::test {

/// The files of a corpus, in the order of their names; the folder is one of tests/.
inline std::vector<std::string> corpus(const std::string& folder) {
  std::vector<std::filesystem::path> paths;
  for (const auto& file :
       std::filesystem::directory_iterator(std::filesystem::path(KINDLING_TESTS_DIR) / folder))
    paths.push_back(file.path());
  std::sort(paths.begin(), paths.end());
  std::vector<std::string> files;
  for (const std::filesystem::path& path : paths) files.push_back(read_file(path));
  return files;
}

/// The bytes with up to three changes: parts that are left out, repeated, cut off, or replaced by
/// one of the pieces.
inline std::string damaged(std::string bytes, std::initializer_list<const char*> pieces,
                           std::mt19937_64& random) {
  const std::uint64_t times = 1 + random() % 3;
  for (std::uint64_t i = 0; i < times; ++i) {
    const std::size_t at = random() % (bytes.size() + 1);
    const std::size_t length = std::min<std::size_t>(random() % 16, bytes.size() - at);
    const char* piece = pieces.begin()[random() % pieces.size()];
    switch (random() % 6) {
      case 0:
        bytes.erase(at, length);
        break;
      case 1:
        bytes.insert(at, piece);
        break;
      case 2:
        bytes.replace(at, length, piece);
        break;
      case 3:
        bytes.insert(at, bytes.substr(random() % (bytes.size() + 1), 60));
        break;
      case 4:
        bytes.resize(at);
        break;
      default:
        if (at < bytes.size()) bytes[at] = static_cast<char>(random());
    }
  }
  return bytes;
}

/// How many files a corpus has, how many of them `feed` accepts, and how many of `times` damaged
/// ones.
struct Replayed {
  std::size_t files, accepted, accepted_damaged;
};

template <class Feed>
Replayed replayed(const std::string& folder, const Feed& feed,
                  std::initializer_list<const char*> pieces, int times, std::uint64_t seed) {
  const std::vector<std::string> files = corpus(folder);
  Replayed result{files.size(), 0, 0};
  for (const std::string& file : files) result.accepted += feed(file) ? 1U : 0U;
  std::mt19937_64 random(seed);
  for (int i = 0; i < times; ++i)
    result.accepted_damaged +=
        feed(damaged(files[random() % files.size()], pieces, random)) ? 1U : 0U;
  return result;
}

}  // namespace kindling::test
