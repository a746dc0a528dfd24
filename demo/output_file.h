// SPDX-License-Identifier: MIT
#pragma once

#include <fstream>
#include <string>
#include <string_view>

namespace kindling::demo {

/// A file that takes its place only when it is whole: what is written goes to "PATH.part", which
/// finish() renames, so that a run that fails or is killed leaves the file of the one before. A
/// path that is no regular file, such as /dev/stdout or a pipe, is written directly.
class OutputFile {
 public:
  /// FileError if the file cannot be made.
  explicit OutputFile(std::string path);
  OutputFile(const OutputFile&) = delete;
  OutputFile& operator=(const OutputFile&) = delete;
  /// Without finish() an empty part is removed; one that holds something is left.
  ~OutputFile();

  /// Writes, and hands it to the system at once. FileError when that fails.
  void write(std::string_view text);
  void finish();
  /// Removes the part.
  void discard() noexcept;

 private:
  [[noreturn]] void fail() const;

  std::string path_;    // as the user named it
  std::string target_;  // what it is a link to
  std::string part_;    // where it is written
  bool written_ = false, finished_ = false;
  std::ofstream file_;
};

/// FileError if the file could not be written; changes nothing.
void check_writable(const std::string& path);

/// Writes text to a file, all or nothing. FileError when that fails.
void write_file(const std::string& path, const std::string& text);

}  // namespace kindling::demo
