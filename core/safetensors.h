// SPDX-License-Identifier: MIT
#pragma once

// The file format of save() and load(), that of Python's package safetensors; not part of the
// interface. A file is the length of its header (8 bytes, little-endian), the header (JSON) and the
// bytes of all tensors, one after the other.

#include <kindling/core/file.h>
#include <kindling/core/state_dict.h>

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace kindling::detail {

/// What the header says of a tensor.
struct TensorEntry {
  std::string name;
  std::string dtype;  // "F32", "F64", "I64" or one that Kindling has not
  std::vector<std::int64_t> shape;
  std::uint64_t begin = 0;  // of its bytes, counted from the end of the header
  std::uint64_t end = 0;
};

using Metadata = std::vector<std::pair<std::string, std::string>>;

struct SafetensorsHeader {
  std::vector<TensorEntry> tensors;
  Metadata metadata;
};

/// Reads a header. FileError, whose text begins with what is wrong, unless it is well-formed and
/// its tensors fill `data_bytes` without a gap or an overlap.
SafetensorsHeader parse_safetensors_header(std::string_view text, std::uint64_t data_bytes);

/// The header of a file with these tensors, and their order in it: those of the wider dtype come
/// first, so that each is aligned. ValueError for a text that is not UTF-8.
std::string safetensors_header(const StateDict& tensors, const Metadata& metadata,
                               std::vector<const Tensor*>& order);

/// Writes tensors of any device, straight from their memory.
void write_safetensors(AtomicFile& file, const StateDict& tensors, const Metadata& metadata);

/// A file to be read, whose header was.
class SafetensorsFile {
 public:
  SafetensorsFile(const char* op, const std::filesystem::path& path);

  const SafetensorsHeader& header() const noexcept { return header_; }
  /// One of its tensors, on the CPU.
  Tensor read(const TensorEntry& entry) const;
  [[noreturn]] void fail(const std::string& what) const { file_.fail(what); }

 private:
  InputFile file_;
  std::uint64_t data_ = 0;  // where the header ends
  SafetensorsHeader header_;
};

}  // namespace kindling::detail
