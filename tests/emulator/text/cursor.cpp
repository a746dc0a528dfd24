// SPDX-License-Identifier: MIT
#include "tests/emulator/text/cursor.h"

#include <bit>
#include <charconv>
#include <cstdlib>

namespace emulator {

void TokenCursor::expect(std::string_view text) {
  if (!take_if(text)) fail("expected '" + std::string(text) + "'");
}

std::string_view TokenCursor::take_word() {
  if (peek().kind != Token::Kind::word) fail("expected a name");
  return take().text;
}

void TokenCursor::fail(const std::string& what) const {
  throw ProgramError("PTX line " + std::to_string(peek().line) + ": " + what + " at '" +
                     std::string(peek().text) + "'");
}

OperandText TokenCursor::take_number() {
  OperandText result;
  result.kind = OperandText::Kind::number;
  bool negative = false;
  while (peek().is("-") || peek().is("+")) negative ^= take().is("-");
  if (peek().kind != Token::Kind::number) fail("expected a number");
  std::string_view text = take().text;
  const char mark = text.size() > 2 && text[0] == '0' ? text[1] : '\0';
  if (mark == 'f' || mark == 'F' || mark == 'd' || mark == 'D') {
    result.is_real = true;
    result.is_single = mark == 'f' || mark == 'F';
    result.bits = digits(text.substr(2), 16);
    if (negative) result.bits ^= result.is_single ? 1ull << 31 : 1ull << 63;
    return result;
  }
  if (text.find('.') != std::string_view::npos) {
    result.is_real = true;
    const double value = std::strtod(std::string(text).c_str(), nullptr);
    result.bits = std::bit_cast<std::uint64_t>(negative ? -value : value);
    return result;
  }
  if (text.back() == 'U') text.remove_suffix(1);
  if (mark == 'x' || mark == 'X')
    result.bits = digits(text.substr(2), 16);
  else if (mark == 'b' || mark == 'B')
    result.bits = digits(text.substr(2), 2);
  else if (text.size() > 1 && text[0] == '0')
    result.bits = digits(text, 8);
  else
    result.bits = digits(text, 10);
  if (negative) result.bits = 0 - result.bits;
  return result;
}

std::uint64_t TokenCursor::digits(std::string_view text, int base) const {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  if (error != std::errc() || end != text.data() + text.size()) fail("bad number");
  return value;
}

std::uint32_t TokenCursor::take_count(std::uint64_t limit) {
  const std::uint64_t value = take_number().bits;
  if (value > limit) fail("number too large");
  return static_cast<std::uint32_t>(value);
}

}  // namespace emulator
