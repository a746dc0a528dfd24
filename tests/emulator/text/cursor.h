// SPDX-License-Identifier: MIT
#pragma once

#include "tests/emulator/text/lexer.h"
#include "tests/emulator/text/syntax.h"

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

namespace emulator {

/// Walks over the tokens of a PTX text; what is not as expected throws ProgramError.
class TokenCursor {
 public:
  explicit TokenCursor(std::string_view ptx) : tokens_(split_tokens(ptx)) {}

  const Token& peek(std::size_t ahead = 0) const {
    return tokens_[std::min(position_ + ahead, tokens_.size() - 1)];
  }
  const Token& take() {
    const Token& token = peek();
    if (position_ + 1 < tokens_.size()) ++position_;
    return token;
  }
  bool at_end() const { return peek().kind == Token::Kind::end; }
  bool take_if(std::string_view text) {
    if (!peek().is(text)) return false;
    take();
    return true;
  }
  void expect(std::string_view text);
  std::string_view take_word();
  /// "12", "0x1F", "12U", "0f3F800000", "0d3FF0000000000000", "1.5", each with signs before it.
  OperandText take_number();
  std::uint32_t take_count(std::uint64_t limit = ~0u);
  [[noreturn]] void fail(const std::string& what) const;

 private:
  std::uint64_t digits(std::string_view text, int base) const;

  std::vector<Token> tokens_;
  std::size_t position_ = 0;
};

}  // namespace emulator
