// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace emulator {

/// A word of PTX: an opcode with its modifiers, a directive, a name, a number, a string or a sign.
struct Token {
  enum class Kind : std::uint8_t { word, number, text, sign, end };
  Kind kind = Kind::end;
  std::string_view text;  // of a string: without its quotes
  std::uint32_t line = 0;

  bool is(std::string_view expected) const { return kind != Kind::text && text == expected; }
};

/// Splits PTX into tokens; comments vanish. The last token is `end`. Throws ProgramError for a
/// character that PTX does not have. The views point into `ptx`.
std::vector<Token> split_tokens(std::string_view ptx);

}  // namespace emulator
