// SPDX-License-Identifier: MIT
#include <kindling/core/error.h>
#include <kindling/core/file.h>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>
#include <utility>

namespace kindling::detail {
namespace {

constexpr std::size_t kBuffer = 1 << 16;

std::string reason() { return std::generic_category().message(errno); }

/// A call again as long as a signal interrupts it.
template <class Call>
auto uninterrupted(Call call) {
  auto result = call();
  while (result < 0 && errno == EINTR) result = call();
  return result;
}

bool is_at(int file, const std::filesystem::path& path) {
  struct stat open = {};
  struct stat there = {};
  return fstat(file, &open) == 0 && stat(path.c_str(), &there) == 0 &&
         open.st_ino == there.st_ino && open.st_dev == there.st_dev;
}

}  // namespace

void Descriptor::close() noexcept {
  if (number_ >= 0) ::close(number_);
  number_ = -1;
}

AtomicFile::AtomicFile(const char* op, std::filesystem::path path, std::filesystem::path unfinished)
    : op_(op), path_(std::move(path)), unfinished_(std::move(unfinished)) {
  do {  // until it is no other writer's, who has given it its name in the meantime
    file_.reset(::open(unfinished_.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0666));
    check(file_.number() >= 0, "open");
    // A file system that has no locks has no second writer, let us hope.
    if (uninterrupted([&] { return flock(file_.number(), LOCK_EX); }) != 0) break;
  } while (!is_at(file_.number(), unfinished_));
  check(ftruncate(file_.number(), 0) == 0, "ftruncate");
}

AtomicFile::~AtomicFile() {
  if (!committed_ && file_.number() >= 0) (void)::unlink(unfinished_.c_str());
}

void AtomicFile::check(bool done, const char* call) const {
  if (done) return;
  throw FileError(message(op_, ": \"", path_.string(), "\": could not be written: ", call, ": ",
                          reason(), ": what was there before is still there"));
}

void AtomicFile::write(const void* data, std::size_t bytes) {
  const auto* from = static_cast<const char*>(data);
  if (buffer_.size() + bytes > kBuffer) {
    write_out(buffer_.data(), buffer_.size());
    buffer_.clear();
  }
  if (bytes > kBuffer) return write_out(from, bytes);
  buffer_.append(from, bytes);
}

void AtomicFile::write_out(const char* data, std::size_t bytes) {
  while (bytes > 0) {
    const ssize_t written = uninterrupted([&] { return ::write(file_.number(), data, bytes); });
    check(written >= 0, "write");
    data += written;
    bytes -= static_cast<std::size_t>(written);
  }
}

void AtomicFile::commit() {
  write_out(buffer_.data(), buffer_.size());
  check(uninterrupted([&] { return fsync(file_.number()); }) == 0, "fsync");
  check(::rename(unfinished_.c_str(), path_.c_str()) == 0, "rename");
  committed_ = true;
  const std::filesystem::path parent = path_.parent_path();
  const Descriptor folder(
      ::open(parent.empty() ? "." : parent.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  // EINVAL: a file system whose folders need none.
  const bool synced = folder.number() >= 0 && (fsync(folder.number()) == 0 || errno == EINVAL);
  if (!synced) {
    throw FileError(message(op_, ": \"", path_.string(), "\": was written, but a power failure ",
                            "may undo it: fsync of its folder: ", reason()));
  }
}

InputFile::InputFile(const char* op, const std::filesystem::path& path)
    : op_(op),
      path_(path.string()),
      // Not to wait for the other end of a pipe, which is then refused.
      file_(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)) {
  struct stat status = {};
  if (file_.number() < 0 || fstat(file_.number(), &status) != 0) {
    fail("could not be opened: " + reason());
  }
  if (!S_ISREG(status.st_mode)) fail("is not a file");
  size_ = static_cast<std::uint64_t>(status.st_size);
}

void InputFile::read(std::uint64_t offset, void* data, std::size_t bytes) const {
  auto* to = static_cast<char*>(data);
  while (bytes > 0) {
    const ssize_t got = uninterrupted(
        [&] { return ::pread(file_.number(), to, bytes, static_cast<off_t>(offset)); });
    if (got < 0) fail("could not be read: " + reason());
    if (got == 0) fail("became shorter while it was read");
    to += got;
    offset += static_cast<std::uint64_t>(got);
    bytes -= static_cast<std::size_t>(got);
  }
}

void InputFile::fail(const std::string& what) const {
  throw FileError(message(op_, ": \"", path_, "\": ", what));
}

}  // namespace kindling::detail
