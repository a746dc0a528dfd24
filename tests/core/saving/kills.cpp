// SPDX-License-Identifier: MIT
// kills SEED: kills a process that saves checkpoints 500 times, each time at another call of the
// system or in the middle of what it writes, and fills its disk. Whatever happens, the newest
// checkpoint loads, is the last that was reported or a later one, and nothing piles up.
//
// The calls are those of this program: they take the place of the system's.
#include <kindling/kindling.h>

#include "tests/support/temp_folder.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <string>

namespace {

std::int64_t points_left = -1;  // calls until the process is killed; negative: it lives
std::int64_t room = INT64_MAX;  // bytes until the disk is full
std::size_t part = SIZE_MAX;    // of a write that is cut short by the kill
std::string* calls = nullptr;   // their names, if they are wanted

void point(const char* name) {
  if (calls != nullptr) *calls += std::string(calls->empty() ? "" : " ") + name;
  if (points_left >= 0 && points_left-- == 0) (void)kill(getpid(), SIGKILL);
}

}  // namespace

extern "C" {

ssize_t write(int file, const void* data, size_t bytes) {
  if (points_left == 0) (void)syscall(SYS_write, file, data, std::min(bytes, part));
  point("write");
  if (static_cast<std::int64_t>(bytes) > room) bytes = static_cast<size_t>(room);
  if (bytes == 0) {
    errno = ENOSPC;
    return -1;
  }
  room -= static_cast<std::int64_t>(bytes);
  return syscall(SYS_write, file, data, bytes);
}
int fsync(int file) {
  point("fsync");
  return static_cast<int>(syscall(SYS_fsync, file));
}
int ftruncate(int file, off_t length) noexcept {
  point("ftruncate");
  return static_cast<int>(syscall(SYS_ftruncate, file, length));
}
int rename(const char* from, const char* to) noexcept {
  point("rename");
  const int result = static_cast<int>(syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 0));
  point("renamed");
  return result;
}

}  // extern "C"

namespace kindling::test {
namespace {

constexpr int kKills = 500;
constexpr std::int64_t kKept = 2;

[[noreturn]] void fail(const std::string& what) {
  std::fprintf(stderr, "kills: %s\n", what.c_str());
  std::exit(1);
}
void require(bool holds, const std::string& what) {
  if (!holds) fail(what);
}

/// What a checkpoint of step s holds: s everywhere, in more bytes than are written at once.
struct Run {
  nn::Linear model{300, 100};
  optim::SGD optimizer{model.parameters(), {.momentum = 0.9}};

  void save(const std::filesystem::path& folder, std::int64_t step) {
    for (const Tensor& parameter : model.parameters())
      parameter.detach().fill_(static_cast<double>(step));
    optimizer.set_lr(static_cast<double>(step));
    checkpoint(folder, step, kKept, model, optimizer);
  }
  /// The step of the newest; 0 where there is none.
  std::int64_t load_latest(const std::filesystem::path& folder) {
    const std::optional<Checkpoint> newest = latest(folder);
    if (!newest) return 0;
    load(newest->path, model, optimizer);
    for (const Tensor& parameter : model.parameters()) {
      for (const double value : parameter.to_vector<double>())
        require(value == static_cast<double>(newest->step), "a checkpoint of another step");
    }
    require(optimizer.lr() == static_cast<double>(newest->step), "an optimizer of another step");
    return newest->step;
  }
};

void kill_savers(std::mt19937_64& random, const std::filesystem::path& folder) {
  void* shared = mmap(nullptr, sizeof(std::int64_t), PROT_READ | PROT_WRITE,
                      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  require(shared != MAP_FAILED, "mmap");
  auto* reported = static_cast<volatile std::int64_t*>(shared);
  Run run;
  std::int64_t before = 0;
  for (int i = 0; i < kKills; ++i) {
    const auto calls_left = static_cast<std::int64_t>(random() % 40);
    const std::size_t last_part = random() % 200'000;
    const pid_t child = fork();
    require(child >= 0, "fork");
    if (child == 0) {
      points_left = calls_left;
      part = last_part;
      for (std::int64_t step = before + 1;; ++step) {
        run.save(folder, step);
        *reported = step;
      }
    }
    int status = 0;
    require(
        waitpid(child, &status, 0) == child && WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL,
        "the process ended by itself");
    const std::int64_t newest = run.load_latest(folder);
    require(newest >= *reported && newest >= before, "a reported checkpoint is gone");
    // Whoever completes one tidies up. Then came one that is to be removed, and an unfinished one.
    const auto files = std::distance(std::filesystem::directory_iterator(folder), {});
    require(*reported <= before || files <= kKept + 2, "files pile up");
    before = newest;
  }
  require(before > kKills, "hardly a checkpoint was completed");
  std::printf("%d kills, %lld checkpoints\n", kKills, static_cast<long long>(before));
}

/// save() fails with a reason and leaves the folder as it was.
void expect_full(const std::filesystem::path& folder, Run& run, const std::string& reason) {
  const std::int64_t before = run.load_latest(folder);
  try {
    run.save(folder, before + 1);
    fail("nothing was said of a full disk");
  } catch (const FileError& error) {
    require(std::string(error.what()).find("write: " + reason) != std::string::npos, error.what());
  }
  require(!std::filesystem::exists(folder / "checkpoint.tmp"), "an unfinished file is left");
  require(run.load_latest(folder) == before, "the checkpoint before is gone");
}

void fill_disks(std::mt19937_64& random, const std::filesystem::path& folder) {
  Run run;
  const std::int64_t newest = run.load_latest(folder);
  const auto bytes =
      std::filesystem::file_size(folder / message("checkpoint-", newest, ".safetensors"));
  for (int i = 0; i < 100; ++i) {
    room = static_cast<std::int64_t>(random() % bytes);
    expect_full(folder, run, "No space left on device");
    room = INT64_MAX;
  }
  // The system's own limit, which cuts a write short as a full disk does.
  (void)std::signal(SIGXFSZ, SIG_IGN);
  rlimit limit{};
  require(getrlimit(RLIMIT_FSIZE, &limit) == 0, "getrlimit");
  const rlim_t most = limit.rlim_cur;
  for (int i = 0; i < 100; ++i) {
    limit.rlim_cur = random() % bytes;
    require(setrlimit(RLIMIT_FSIZE, &limit) == 0, "setrlimit");
    expect_full(folder, run, "File too large");
  }
  limit.rlim_cur = most;
  require(setrlimit(RLIMIT_FSIZE, &limit) == 0, "setrlimit");
}

/// A file is on the disk before it has its name, and its name before save() returns.
void expect_order(const std::filesystem::path& folder) {
  std::string order;
  calls = &order;
  save(folder / "order", nn::Linear(1, 1));
  calls = nullptr;
  require(order == "ftruncate write fsync rename renamed fsync", order);
}

int kills(unsigned seed) {
  const TempFolder folder;
  std::mt19937_64 random(seed);
  kill_savers(random, folder / "run");
  fill_disks(random, folder / "run");
  Run().save(folder / "run", 1'000'000);
  require(std::distance(std::filesystem::directory_iterator(folder / "run"), {}) == kKept,
          "files are left");
  expect_order(folder.path());
  return 0;
}

}  // namespace
}  // namespace kindling::test

int main(int, char** arguments) {
  return kindling::test::kills(static_cast<unsigned>(std::strtoul(arguments[1], nullptr, 10)));
}
