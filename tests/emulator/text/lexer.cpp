// SPDX-License-Identifier: MIT
#include "tests/emulator/text/lexer.h"

#include "tests/emulator/program/program.h"

#include <algorithm>
#include <string>

namespace emulator {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

bool starts_word(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '$' || c == '%' ||
         c == '.';
}

bool continues_word(char c) { return starts_word(c) || is_digit(c); }

class Lexer {
 public:
  explicit Lexer(std::string_view ptx) : ptx_(ptx) {}

  std::vector<Token> run() {
    while (skip_blank()) read_token();
    tokens_.push_back({Token::Kind::end, {}, line_});
    return std::move(tokens_);
  }

 private:
  char peek(std::size_t ahead = 0) const {
    return position_ + ahead < ptx_.size() ? ptx_[position_ + ahead] : '\0';
  }

  bool continues_here() const {
    return continues_word(peek()) || (peek() == ':' && peek(1) == ':');
  }

  void advance() {
    if (ptx_[position_] == '\n') ++line_;
    ++position_;
  }

  // Moves to the next token; false at the end of the text.
  bool skip_blank() {
    while (position_ < ptx_.size()) {
      const char c = peek();
      if (c == '/' && peek(1) == '/') {
        while (position_ < ptx_.size() && peek() != '\n') ++position_;
      } else if (c == '/' && peek(1) == '*') {
        while (position_ < ptx_.size() && !(peek() == '*' && peek(1) == '/')) advance();
        position_ = std::min(position_ + 2, ptx_.size());
      } else if (c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\0') {
        advance();
      } else {
        return true;
      }
    }
    return false;
  }

  void read_token() {
    const std::size_t start = position_;
    const char c = peek();
    auto kind = Token::Kind::sign;
    if (c == '"') {
      read_string();
      return;
    }
    if (is_digit(c)) {
      kind = Token::Kind::number;
      while (continues_word(peek())) ++position_;
    } else if (starts_word(c)) {
      kind = Token::Kind::word;
      ++position_;
      // ".reg.b32" is two directives, but the dots of "ld.global.b32" and "%tid.x" join.
      while ((peek() != '.' || c != '.') && continues_here()) {
        position_ += peek() == ':' ? 2u : 1u;  // ".shared::cta" is one word
      }
    } else if (std::string_view("@!{}()[]<>,;:|+-=*&~").find(c) != std::string_view::npos) {
      ++position_;
    } else {
      throw ProgramError("PTX line " + std::to_string(line_) + ": unexpected character");
    }
    tokens_.push_back({kind, ptx_.substr(start, position_ - start), line_});
  }

  void read_string() {
    const std::size_t start = ++position_;
    while (position_ < ptx_.size() && peek() != '"') advance();
    tokens_.push_back({Token::Kind::text, ptx_.substr(start, position_ - start), line_});
    if (position_ < ptx_.size()) ++position_;
  }

  std::string_view ptx_;
  std::size_t position_ = 0;
  std::uint32_t line_ = 1;
  std::vector<Token> tokens_;
};

}  // namespace

std::vector<Token> split_tokens(std::string_view ptx) { return Lexer(ptx).run(); }

}  // namespace emulator
