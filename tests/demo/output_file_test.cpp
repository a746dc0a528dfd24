// SPDX-License-Identifier: MIT
#include "demo/output_file.h"

#include <kindling/core/error.h>

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <iterator>

namespace kindling::demo {
namespace {

namespace fs = std::filesystem;

class OutputFiles : public testing::Test {
 protected:
  void SetUp() override { fs::create_directories(folder_); }
  void TearDown() override { fs::remove_all(folder_); }

  std::string path(const std::string& name) const { return (folder_ / name).string(); }
  static std::string content(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  }
  std::size_t files() const {
    return static_cast<std::size_t>(
        std::distance(fs::directory_iterator(folder_), fs::directory_iterator()));
  }

  fs::path folder_ = fs::path(testing::TempDir()) /
                     ("kindling_files_" + std::to_string(getpid()) + "_" +
                      testing::UnitTest::GetInstance()->current_test_info()->name());
};

TEST_F(OutputFiles, StandInTheirPlaceOnlyWhenFinished) {
  write_file(path("a"), "before");
  OutputFile file(path("a"));
  file.write("one ");
  EXPECT_EQ(content(path("a.part")), "one ");  // written through, so that it can be followed
  file.write("two");
  EXPECT_EQ(content(path("a")), "before");
  file.finish();
  EXPECT_EQ(content(path("a")), "one two");
  EXPECT_EQ(files(), 1U);
}

TEST_F(OutputFiles, ThatAreNotFinishedLeaveWhatTheyHold) {
  write_file(path("a"), "before");
  { OutputFile nothing(path("a")); }
  EXPECT_EQ(files(), 1U);
  OutputFile(path("a")).write("some");
  EXPECT_EQ(content(path("a.part")), "some");
  EXPECT_EQ(content(path("a")), "before");
}

TEST_F(OutputFiles, CheckingChangesNothing) {
  write_file(path("a"), "before");
  check_writable(path("a"));
  check_writable(path("b"));
  EXPECT_EQ(content(path("a")), "before");
  EXPECT_EQ(files(), 1U);
}

TEST_F(OutputFiles, FollowALink) {
  write_file(path("a"), "before");
  fs::create_symlink("a", path("link"));
  write_file(path("link"), "after");
  EXPECT_TRUE(fs::is_symlink(path("link")));
  EXPECT_EQ(content(path("a")), "after");
}

TEST_F(OutputFiles, ThatCannotBeWrittenAreNamed) {
  const auto error_of = [](const std::string& path) -> std::string {
    try {
      write_file(path, "text");
    } catch (const FileError& error) {
      return error.what();
    }
    return "no error";
  };
  EXPECT_EQ(error_of("/no/such/folder/run.svg"),
            "cannot write /no/such/folder/run.svg: No such file or directory");
  EXPECT_EQ(error_of("/dev/full"), "cannot write /dev/full: No space left on device");
  EXPECT_EQ(error_of(folder_.string()), "cannot write " + folder_.string() + ": Is a directory");
}

}  // namespace
}  // namespace kindling::demo
