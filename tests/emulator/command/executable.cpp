// SPDX-License-Identifier: MIT
#include "tests/emulator/command/executable.h"

#include <elf.h>

#include <cstring>
#include <fstream>
#include <iterator>
#include <map>
#include <vector>

namespace emulator {
namespace {

/// The sections of a 64-bit ELF file, by name.
class Sections {
 public:
  explicit Sections(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    bytes_.assign(std::istreambuf_iterator<char>(file), {});
    Elf64_Ehdr header;
    if (!read(0, header) || std::memcmp(header.e_ident, ELFMAG, SELFMAG) != 0 ||
        header.e_ident[EI_CLASS] != ELFCLASS64) {
      return;
    }
    Elf64_Shdr names;
    if (!read(header.e_shoff + header.e_shstrndx * sizeof names, names)) return;
    for (std::size_t i = 0; i < header.e_shnum; ++i) {
      Elf64_Shdr section;
      if (!read(header.e_shoff + i * sizeof section, section)) return;
      const bool fits = section.sh_offset + section.sh_size <= bytes_.size();
      sections_[text(names.sh_offset + section.sh_name)] = fits ? section : Elf64_Shdr{};
    }
  }

  bool has(const std::string& name) const { return sections_.contains(name); }

  /// The shared libraries the program names.
  std::vector<std::string> libraries() const {
    std::vector<std::string> result;
    if (!has(".dynamic") || !has(".dynstr")) return result;
    const Elf64_Shdr& dynamic = sections_.at(".dynamic");
    for (std::size_t at = 0; at + sizeof(Elf64_Dyn) <= dynamic.sh_size; at += sizeof(Elf64_Dyn)) {
      Elf64_Dyn entry;
      if (!read(dynamic.sh_offset + at, entry) || entry.d_tag != DT_NEEDED) continue;
      result.push_back(text(sections_.at(".dynstr").sh_offset + entry.d_un.d_val));
    }
    return result;
  }

 private:
  template <class T>
  bool read(std::size_t at, T& value) const {
    if (at > bytes_.size() || bytes_.size() - at < sizeof value) return false;
    std::memcpy(&value, bytes_.data() + at, sizeof value);
    return true;
  }
  std::string text(std::size_t at) const {
    if (at >= bytes_.size()) return "";
    return {bytes_.data() + at, strnlen(bytes_.data() + at, bytes_.size() - at)};
  }

  std::vector<char> bytes_;
  std::map<std::string, Elf64_Shdr> sections_;
};

}  // namespace

std::string why_not_runnable(const std::string& path) {
  const Sections sections(path);
  if (!sections.has(".nv_fatbin")) return "";
  std::string other;
  for (const std::string& library : sections.libraries()) {
    if (library == "libcudart.so.13") return "";
    if (library.rfind("libcudart.so", 0) == 0) other = library;
  }
  if (!other.empty()) return "it uses " + other + ": build it with nvcc 13 --cudart shared";
  return "it contains CUDA's static runtime: build it with nvcc --cudart shared";
}

}  // namespace emulator
