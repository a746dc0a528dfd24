// SPDX-License-Identifier: MIT
#include <kindling/kindling.h>

#include "tests/optim/training.h"
#include "tests/support/expect_error.h"
#include "tests/support/temp_folder.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

namespace kindling::test {
namespace {

std::vector<std::string> names_in_folder(const std::filesystem::path& folder) {
  std::vector<std::string> names;
  for (const auto& file : std::filesystem::directory_iterator(folder))
    names.push_back(file.path().filename().string());
  std::sort(names.begin(), names.end());
  return names;
}

using Names = std::vector<std::string>;

TEST(Checkpoint, TheLastOnesAreKept) {
  const TempFolder temp;
  const std::filesystem::path folder = temp / "a/b";
  EXPECT_FALSE(latest(folder).has_value());
  const nn::Linear model(1, 1);
  for (const std::int64_t step : {8, 9, 10, 11}) {
    model.weight.detach().fill_(static_cast<double>(step));
    EXPECT_EQ(checkpoint(folder, step, 2, model),
              folder / ("checkpoint-" + std::to_string(step) + ".safetensors"));
  }
  EXPECT_EQ(names_in_folder(folder),
            (Names{"checkpoint-10.safetensors", "checkpoint-11.safetensors"}));
  const std::optional<Checkpoint> found = latest(folder);
  ASSERT_TRUE(found.has_value());
  EXPECT_EQ(found->step, 11);
  model.weight.detach().fill_(0);
  load(found->path, model);
  EXPECT_EQ(model.weight.item(), 11);
}

// A run that went back to an earlier step neither loses what it saves nor what others saved.
TEST(Checkpoint, ThoseOfLaterStepsAreLeftAlone) {
  const TempFolder folder;
  const nn::Linear model(1, 1);
  for (const std::int64_t step : {20, 10, 11, 12}) checkpoint(folder.path(), step, 1, model);
  EXPECT_EQ(names_in_folder(folder.path()),
            (Names{"checkpoint-12.safetensors", "checkpoint-20.safetensors"}));
  EXPECT_EQ(latest(folder.path())->step, 20);
}

TEST(Checkpoint, OtherFilesAreLeftAlone) {
  const TempFolder folder;
  const Names others{"checkpoint--1.safetensors",    "checkpoint-007.safetensors",
                     "checkpoint-1.safetensors.bak", "checkpoint-99999999999999999999.safetensors",
                     "checkpoint-x.safetensors",     "model.safetensors"};
  for (const std::string& name : others) write_file(folder / name, "mine");
  EXPECT_FALSE(latest(folder.path()).has_value());
  const nn::Linear model(1, 1);
  for (const std::int64_t step : {1, 2}) checkpoint(folder.path(), step, 1, model);
  EXPECT_EQ(latest(folder.path())->step, 2);
  std::filesystem::remove(folder / "checkpoint-2.safetensors");
  EXPECT_EQ(names_in_folder(folder.path()), others);
}

TEST(Checkpoint, AFileThatIsNotWholeIsPassedOver) {
  const TempFolder folder;
  const nn::Linear model(1, 1);
  for (const std::int64_t step : {1, 2}) checkpoint(folder.path(), step, 2, model);
  const std::string file = (folder / "checkpoint-2.safetensors").string();
  std::filesystem::resize_file(file, std::filesystem::file_size(file) - 1);
  LogKeeper log;
  EXPECT_EQ(latest(folder.path())->step, 1);
  EXPECT_EQ(log.texts, (Names{"latest: \"" + file +
                              "\": the tensors have 8 bytes, and 7 are "
                              "there: it is truncated"}));
}

TEST(Checkpoint, Refusals) {
  const TempFolder folder;
  const nn::Linear model(1, 1);
  expect_error<ValueError>("checkpoint: step -1: must not be negative",
                           [&] { return checkpoint(folder.path(), -1, 1, model); });
  expect_error<ValueError>("checkpoint: keep 0: must be at least 1",
                           [&] { return checkpoint(folder.path(), 1, 0, model); });
  write_file(folder / "file", "");
  expect_error<FileError>("latest: folder \"" + (folder / "file").string() + "\": Not a directory",
                          [&] { return latest(folder / "file"); });
  EXPECT_THROW(checkpoint(folder / "file", 1, 1, model), FileError);
}

}  // namespace
}  // namespace kindling::test
