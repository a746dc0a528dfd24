// SPDX-License-Identifier: MIT
#pragma once

// Files as save() and load() need them; not part of the interface. All errors are FileErrors that
// name the file.

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>

namespace kindling::detail {

/// An open file of the system; closes it.
class Descriptor {
 public:
  explicit Descriptor(int number = -1) noexcept : number_(number) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() { close(); }

  void close() noexcept;
  void reset(int number) noexcept {
    close();
    number_ = number;
  }
  int number() const noexcept { return number_; }

 private:
  int number_;
};

/// A file that appears under its name complete or not at all, whatever stops the program: it is
/// written beside it, under a name that its writers share. So an unfinished one is written over by
/// the next, and a second writer waits for the first.
class AtomicFile {
 public:
  /// Both names are in one folder.
  AtomicFile(const char* op, std::filesystem::path path, std::filesystem::path unfinished);
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;
  /// Without a commit() the name means what it meant before.
  ~AtomicFile();

  void write(const void* data, std::size_t bytes);
  /// The file takes its name, and is on the disk when this returns.
  void commit();

 private:
  void write_out(const char* data, std::size_t bytes);
  void check(bool done, const char* call) const;

  const char* op_;
  std::filesystem::path path_;
  std::filesystem::path unfinished_;
  Descriptor file_;
  std::string buffer_;  // small pieces that are written together
  bool committed_ = false;
};

/// A regular file to be read.
class InputFile {
 public:
  InputFile(const char* op, const std::filesystem::path& path);

  std::uint64_t size() const noexcept { return size_; }
  void read(std::uint64_t offset, void* data, std::size_t bytes) const;
  /// FileError `op: "path": what`.
  [[noreturn]] void fail(const std::string& what) const;

 private:
  const char* op_;
  std::string path_;
  Descriptor file_;
  std::uint64_t size_ = 0;
};

}  // namespace kindling::detail
