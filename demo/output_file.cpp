// SPDX-License-Identifier: MIT
#include "demo/output_file.h"

#include <kindling/core/error.h>

#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <utility>

namespace kindling::demo {
namespace fs = std::filesystem;

OutputFile::OutputFile(std::string path) : path_(std::move(path)) {
  std::error_code error;
  target_ = fs::weakly_canonical(path_, error).string();
  if (error) target_ = path_;
  const bool exists = fs::exists(target_, error);
  part_ = !exists || fs::is_regular_file(target_, error) ? target_ + ".part" : target_;
  errno = 0;
  if (exists && access(target_.c_str(), W_OK) != 0) fail();  // protected from being replaced, too
  file_.open(part_, std::ios::binary);
  if (!file_) fail();
}

OutputFile::~OutputFile() {
  if (!written_) discard();
}

void OutputFile::write(std::string_view text) {
  written_ = written_ || !text.empty();
  errno = 0;
  if (!(file_ << text).flush()) fail();
}

void OutputFile::finish() {
  errno = 0;
  file_.close();
  if (!file_) fail();
  std::error_code error;
  if (part_ != target_) fs::rename(part_, target_, error);
  if (error) throw FileError(message("cannot write ", path_, ": ", error.message()));
  written_ = finished_ = true;
}

void OutputFile::discard() noexcept {
  if (part_ == target_ || finished_) return;
  std::error_code ignored;
  file_.close();
  fs::remove(part_, ignored);
}

void OutputFile::fail() const {
  throw FileError(message("cannot write ", path_, ": ", std::strerror(errno)));
}

void check_writable(const std::string& path) {
  std::error_code error;
  // Opening a pipe would be noticed at its other end.
  if (!fs::exists(path, error) || fs::is_regular_file(path, error)) OutputFile{path};
}

void write_file(const std::string& path, const std::string& text) {
  OutputFile file(path);
  try {
    file.write(text);
    file.finish();
  } catch (const FileError&) {
    file.discard();
    throw;
  }
}

}  // namespace kindling::demo
