// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace kindling::detail {

/// The first byte, of those of a code point below `end`, says in `mark` how many follow.
struct Utf8Length {
  std::uint32_t end;
  unsigned mark;
  int following;
};
inline constexpr Utf8Length kUtf8Lengths[] = {
    {0x80, 0x00, 0}, {0x800, 0xc0, 1}, {0x10000, 0xe0, 2}, {0x110000, 0xf0, 3}};

inline void append_utf8(std::string& text, std::uint32_t code) {
  const Utf8Length* length = kUtf8Lengths;
  while (code >= length->end) ++length;
  text += static_cast<char>(length->mark | code >> (6 * length->following));
  for (int i = length->following - 1; i >= 0; --i)
    text += static_cast<char>(0x80 | (code >> (6 * i) & 0x3f));
}

/// Whether it is what append_utf8() makes of code points that are no surrogates.
inline bool is_utf8(std::string_view text) {
  std::string again;
  for (std::size_t i = 0; i < text.size();) {
    const auto first = static_cast<unsigned char>(text[i]);
    const int following = first < 0x80 ? 0 : first < 0xe0 ? 1 : first < 0xf0 ? 2 : 3;
    std::uint32_t code = following == 0 ? first : first & (0x3fu >> following);
    for (int k = 1; k <= following; ++k) {
      const std::size_t at = i + static_cast<std::size_t>(k);
      const unsigned byte = at < text.size() ? static_cast<unsigned char>(text[at]) : 0;
      code = code << 6 | (byte & 0x3f);
    }
    if (code >= 0x110000 || (code >= 0xd800 && code < 0xe000)) return false;
    again.clear();
    append_utf8(again, code);
    if (text.substr(i, again.size()) != again) return false;
    i += again.size();
  }
  return true;
}

}  // namespace kindling::detail
