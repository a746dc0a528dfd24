// SPDX-License-Identifier: MIT
#include <kindling/core/error.h>
#include <kindling/core/nearest.h>
#include <kindling/core/parse_number.h>
#include <kindling/schedulers/checks.h>
#include <kindling/schedulers/compose.h>
#include <kindling/schedulers/makers.h>

#include <algorithm>
#include <cmath>
#include <string_view>
#include <utility>
#include <vector>

namespace kindling::schedulers {
namespace {

constexpr int kDeepest = 100;        // parentheses within parentheses
constexpr double kMostSteps = 1e15;  // exact in a double, and far from the end of int64

// Not those of <cctype>, which follow the program's locale.
bool is_word_start(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool is_word_part(char c) { return is_word_start(c) || (c >= '0' && c <= '9'); }
bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }
bool is_blank(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

// False for the second and later bytes of a character in UTF-8.
bool starts_character(char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }

// Recursive descent: a function for each rule of the grammar, named as there.
class Parser {
 public:
  Parser(std::string_view text, std::int64_t total_steps)
      : text_(text), total_steps_(total_steps) {}

  Schedule whole() {
    Schedule result = schedule();
    if (!at_end()) fail(message("expected 'then', 'for', '*' or the end, found ", found()));
    return result;
  }

 private:
  // schedule = part, { "then", ( part | "hold", [ "for", number, [ "%" ] ] ) } ;
  Schedule schedule() {
    Schedule result = part();
    for (std::size_t start = next(); accept_word("then"); start = next()) {
      if (!result.length()) {
        throw SyntaxError(start,
                          "what stands before 'then' has no end of its own: say how long it lasts, "
                          "as in exponential(0.99) for 100 then ...");
      }
      if (!accept_word("hold")) {
        result = result.then(part());
        continue;
      }
      const std::int64_t end = *result.length();
      result = result.hold();
      if (accept_word("for")) result = result.for_steps(sum_of_lengths(end, steps()));
    }
    return result;
  }

  // part = product, [ "for", number, [ "%" ] ] ;
  Schedule part() {
    const Schedule result = product();
    return accept_word("for") ? result.for_steps(steps()) : result;
  }

  std::int64_t steps() {
    const Argument length = number();
    const double value = length.values[0];
    if (value < 0 || value > kMostSteps || value != std::floor(value)) {
      throw SyntaxError(length.position, "expected a whole number of steps after 'for'");
    }
    return static_cast<std::int64_t>(value);
  }

  // product = factor, { "*", factor } ;
  Schedule product() {
    Schedule result = factor();
    while (accept('*')) result = result * factor();
    return result;
  }

  // factor = call | "(", schedule, ")" ;
  Schedule factor() {
    const std::size_t start = next();
    if (!accept('(')) return call();
    if (++depth_ > kDeepest)
      throw SyntaxError(start, message("more than ", kDeepest, " parentheses deep"));
    Schedule result = schedule();
    expect(')', "expected ')', 'then', 'for' or '*'");
    --depth_;
    return result;
  }

  // call = word, "(", [ argument, { ",", argument } ], ")" ;
  Schedule call() {
    const std::size_t start = next();
    const std::string name = word();
    if (name.empty()) fail(message("expected a schedule such as cosine(900), found ", found()));
    const auto maker = std::find_if(makers().begin(), makers().end(),
                                    [&](const Maker& known) { return known.name == name; });
    if (maker == makers().end()) throw SyntaxError(start, unknown_schedule(name));
    expect('(', message("expected '(' after ", name));
    std::vector<Argument> arguments;
    if (!accept(')')) {
      do {
        arguments.push_back(argument());
      } while (accept(','));
      expect(')', "expected ')' or ','");
    }
    try {
      return maker->make(arguments);
    } catch (const Error& refused) {  // a value that the schedule does not take
      throw SyntaxError(start, refused.what());
    }
  }

  // argument = [ word, "=" ], value ;
  Argument argument() {
    const std::size_t start = next();
    std::string name = word();
    if (!name.empty() && !accept('=')) return {"", start, start, Argument::Kind::word, {}, name};
    Argument result = value();
    result.name = std::move(name);
    result.name_position = start;
    return result;
  }

  // value = number, [ "%" ] | word | string | "[", number, { ",", number }, "]" ;
  Argument value() {
    const std::size_t start = next();
    const auto of_word = [&](std::string text) -> Argument {
      return {"", start, start, Argument::Kind::word, {}, std::move(text)};
    };
    if (!at_end() && is_word_start(text_[at_])) return of_word(word());
    if (!at_end() && (text_[at_] == '"' || text_[at_] == '\'')) return of_word(string());
    if (!accept('[')) return number();
    Argument list{"", start, start, Argument::Kind::list, {}, ""};
    do {
      list.values.push_back(number().values[0]);
    } while (accept(','));
    expect(']', "expected ']' or ','");
    return list;
  }

  Argument number() {
    const std::size_t start = next();
    std::size_t end = start;
    const auto continues = [&] {
      const char c = text_[end];
      const bool exponent_sign = (c == '-' || c == '+') &&
                                 (end == start || text_[end - 1] == 'e' || text_[end - 1] == 'E');
      return is_word_part(c) || c == '.' || exponent_sign;
    };
    while (end < text_.size() && continues()) ++end;
    const auto parsed = detail::parse_number(text_.substr(start, end - start));
    if (!parsed) fail(message("expected a value, found ", found()));
    at_ = end;
    if (!accept('%')) return {"", start, start, Argument::Kind::number, {*parsed}, ""};
    if (total_steps_ <= 0)
      throw SyntaxError(start, "a percentage needs a run of known length: give a number of steps");
    const double steps = std::round(*parsed / 100.0 * static_cast<double>(total_steps_));
    return {"", start, start, Argument::Kind::percent, {steps}, ""};
  }

  std::string string() {
    const std::size_t start = at_;
    const std::size_t end = text_.find(text_[start], start + 1);
    if (end == std::string_view::npos) throw SyntaxError(start, "this quote is not closed");
    at_ = end + 1;
    return std::string(text_.substr(start + 1, end - start - 1));
  }

  // The word here, or nothing.
  std::string word() {
    const std::size_t start = next();
    if (at_end() || !is_word_start(text_[at_])) return "";
    while (at_ < text_.size() && is_word_part(text_[at_])) ++at_;
    return std::string(text_.substr(start, at_ - start));
  }

  bool accept_word(std::string_view wanted) {
    const std::size_t start = next();
    if (word() == wanted) return true;
    at_ = start;
    return false;
  }

  bool accept(char wanted) {
    if (next() == text_.size() || text_[at_] != wanted) return false;
    ++at_;
    return true;
  }

  void expect(char wanted, const std::string& expectation) {
    if (!accept(wanted)) fail(message(expectation, ", found ", found()));
  }

  // Skips blanks; the position of what follows.
  std::size_t next() {
    while (at_ < text_.size() && is_blank(text_[at_])) ++at_;
    return at_;
  }

  bool at_end() { return next() == text_.size(); }

  // What stands here, for a message: a word, a number or one character.
  std::string found() {
    if (at_end()) return "the end";
    std::size_t end = at_ + 1;
    const bool is_word = is_word_part(text_[at_]);
    while (end < text_.size() &&
           (is_word ? is_word_part(text_[end]) : !starts_character(text_[end])))
      ++end;
    return message("'", text_.substr(at_, end - at_), "'");
  }

  static std::string unknown_schedule(const std::string& name) {
    std::vector<std::string> known;
    for (const Maker& maker : makers()) known.push_back(maker.name);
    const std::string near = detail::suggestion(name, known);
    return message("unknown schedule '", name, "'",
                   near.empty() ? ": known are " + detail::listed(known) : near);
  }

  [[noreturn]] void fail(const std::string& what) { throw SyntaxError(next(), what); }

  std::string_view text_;
  std::int64_t total_steps_;
  std::size_t at_ = 0;
  int depth_ = 0;
};

// The text on a line of its own and a caret below byte `position`.
std::string pointed(std::string text, std::size_t position) {
  for (char& c : text) {
    if (is_control(c)) c = ' ';
  }
  const auto before = std::count_if(
      text.begin(), text.begin() + static_cast<std::ptrdiff_t>(position), starts_character);
  return message("\n  ", text, "\n  ", std::string(static_cast<std::size_t>(before), ' '), "^");
}

}  // namespace

Schedule Schedule::parse(const std::string& text, std::int64_t total_steps) {
  try {
    return Parser(text, total_steps).whole();
  } catch (const SyntaxError& error) {
    throw ValueError(message("schedule: ", error.what(), pointed(text, error.position())));
  }
}

}  // namespace kindling::schedulers
