// SPDX-License-Identifier: MIT
// The header of a safetensors file: {"name": {"dtype": "F32", "shape": [2, 3], "data_offsets":
// [0, 24]}, ..., "__metadata__": {"key": "text"}}. Its nesting is fixed, so nothing here recurses.
#include <kindling/core/error.h>
#include <kindling/core/safetensors.h>
#include <kindling/core/utf8.h>

#include <algorithm>
#include <unordered_set>

namespace kindling::detail {
namespace {

constexpr std::string_view kMetadata = "__metadata__";

class HeaderParser {
 public:
  explicit HeaderParser(std::string_view text) : text_(text) {}

  SafetensorsHeader parse() {
    if (!is_utf8(text_)) throw FileError("header: is not UTF-8");
    SafetensorsHeader header;
    members("header", [&](std::string name) {
      if (name == kMetadata) {
        members(kMetadata, [&](std::string key) {
          std::string value = string();
          header.metadata.emplace_back(std::move(key), std::move(value));
        });
      } else {
        header.tensors.push_back(tensor(std::move(name)));
      }
    });
    if (!at_end()) fail("the end");
    return header;
  }

 private:
  [[noreturn]] void fail(std::string_view expected) const {
    throw FileError(message("header: byte ", at_, ": expected ", expected));
  }

  bool at_end() {
    at_ = std::min(text_.find_first_not_of(" \t\r\n", at_), text_.size());
    return at_ == text_.size();
  }
  char next() { return at_ < text_.size() ? text_[at_] : '\0'; }
  bool accept(char wanted) {
    if (at_end() || text_[at_] != wanted) return false;
    ++at_;
    return true;
  }
  void expect(char wanted) {
    if (!accept(wanted)) fail({&wanted, 1});
  }

  /// {"name": value, ...}, where member(name) reads a value.
  template <class Member>
  void members(std::string_view of, Member member) {
    std::unordered_set<std::string> names;
    expect('{');
    if (accept('}')) return;
    do {
      std::string name = string();
      if (!names.insert(name).second) {
        throw FileError(message("header: ", of, ": \"", name, "\" comes twice"));
      }
      expect(':');
      member(std::move(name));
    } while (accept(','));
    expect('}');
  }

  TensorEntry tensor(std::string name) {
    TensorEntry entry;
    std::vector<std::int64_t> offsets;
    int fields = 0;
    members(name, [&](const std::string& field) {
      ++fields;
      if (field == "dtype") {
        entry.dtype = string();
      } else if (field == "shape") {
        entry.shape = numbers();
      } else if (field == "data_offsets") {
        offsets = numbers();
      } else {
        throw FileError(message("tensor \"", name, "\": field \"", field, "\" is unknown"));
      }
    });
    if (fields != 3 || offsets.size() != 2 || offsets[0] > offsets[1]) {
      throw FileError(message("tensor \"", name,
                              "\": expected a dtype, a shape and data_offsets [begin, end]"));
    }
    entry.begin = static_cast<std::uint64_t>(offsets[0]);
    entry.end = static_cast<std::uint64_t>(offsets[1]);
    entry.name = std::move(name);
    return entry;
  }

  std::vector<std::int64_t> numbers() {
    std::vector<std::int64_t> values;
    expect('[');
    if (accept(']')) return values;
    do values.push_back(number());
    while (accept(','));
    expect(']');
    return values;
  }

  std::int64_t number() {
    if (at_end() || !is_digit(next())) fail("a whole number");
    const bool zero = next() == '0';
    std::int64_t value = 0;
    const std::size_t first = at_;
    for (; is_digit(next()); ++at_) {
      if (__builtin_mul_overflow(value, 10, &value) ||
          __builtin_add_overflow(value, next() - '0', &value) || (zero && at_ > first)) {
        fail("a whole number below 2^63");
      }
    }
    return value;
  }

  std::string string() {
    expect('"');
    std::string value;
    for (;; ++at_) {
      const char c = next();
      if (static_cast<unsigned char>(c) < ' ') fail("the rest of a string");
      if (c == '"') break;
      if (c == '\\') {
        ++at_;
        escape(value);
      } else {
        value += c;
      }
    }
    ++at_;
    return value;
  }

  /// What follows a backslash, up to its last character.
  void escape(std::string& out) {
    constexpr std::string_view kEscapes = "\"\\/bfnrt";
    constexpr std::string_view kMeanings = "\"\\/\b\f\n\r\t";
    const std::size_t which = kEscapes.find(next());
    if (at_ < text_.size() && which != kEscapes.npos) {
      out += kMeanings[which];
      return;
    }
    std::uint32_t code = code_unit();
    if (code >= 0xdc00 && code < 0xe000) fail("the first half of a pair");
    if (code >= 0xd800 && code < 0xdc00) {
      ++at_;
      if (next() != '\\') fail("the second half of a pair");
      ++at_;
      const std::uint32_t second = code_unit();
      if (second < 0xdc00 || second >= 0xe000) fail("the second half of a pair");
      code = 0x10000 + ((code - 0xd800) << 10) + (second - 0xdc00);
    }
    append_utf8(out, code);
  }

  /// uXXXX, up to its last character.
  std::uint32_t code_unit() {
    if (next() != 'u') fail("an escape");
    std::uint32_t code = 0;
    for (int i = 0; i < 4; ++i) {
      ++at_;
      const char c = next();
      const char lower = static_cast<char>(c | 0x20);
      if (is_digit(c)) {
        code = code * 16 + static_cast<std::uint32_t>(c - '0');
      } else if (lower >= 'a' && lower <= 'f') {
        code = code * 16 + static_cast<std::uint32_t>(lower - 'a' + 10);
      } else {
        fail("four hexadecimal digits");
      }
    }
    return code;
  }

  static bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }

  std::string_view text_;
  std::size_t at_ = 0;
};

/// FileError unless the bytes are what dtype and shape say. Those of a dtype that Kindling has not
/// are read by nobody.
void check_size(const TensorEntry& entry) {
  if (entry.dtype != "F32" && entry.dtype != "F64" && entry.dtype != "I64") return;
  std::int64_t bytes = entry.dtype == "F32" ? 4 : 8;
  bool fits = true;
  for (const std::int64_t size : entry.shape) fits &= !__builtin_mul_overflow(bytes, size, &bytes);
  if (fits && static_cast<std::uint64_t>(bytes) == entry.end - entry.begin) return;
  throw FileError(message("tensor \"", entry.name, "\": data_offsets [", entry.begin, ", ",
                          entry.end, "] do not fit its shape"));
}

}  // namespace

SafetensorsHeader parse_safetensors_header(std::string_view text, std::uint64_t data_bytes) {
  SafetensorsHeader header = HeaderParser(text).parse();
  std::vector<const TensorEntry*> in_order;
  for (const TensorEntry& entry : header.tensors) {
    check_size(entry);
    in_order.push_back(&entry);
  }
  std::sort(in_order.begin(), in_order.end(), [](const TensorEntry* a, const TensorEntry* b) {
    return std::pair(a->begin, a->end) < std::pair(b->begin, b->end);
  });
  std::uint64_t end = 0;
  for (const TensorEntry* entry : in_order) {
    if (entry->begin != end) {
      throw FileError(message("tensor \"", entry->name, "\": data_offsets begin at ", entry->begin,
                              ", expected ", end, ": there is ",
                              entry->begin < end ? "an overlap" : "a hole", " before it"));
    }
    end = entry->end;
  }
  if (end != data_bytes) {
    throw FileError(message(
        "the tensors have ", end, " bytes, and ", data_bytes,
        end > data_bytes ? " are there: it is truncated" : " are there: something follows them"));
  }
  return header;
}

}  // namespace kindling::detail
