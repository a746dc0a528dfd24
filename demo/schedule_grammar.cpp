// SPDX-License-Identifier: MIT
#include "demo/schedule_grammar.h"

#include <kindling/core/error.h>
#include <kindling/schedulers/compose.h>

#include "demo/nearest.h"
#include "demo/number.h"
#include "demo/schedule_makers.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <string_view>
#include <utility>
#include <vector>

namespace kindling::demo {
namespace {

constexpr int kDeepest = 100;  // parentheses within parentheses

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

  Made whole() {
    Made result = schedule();
    if (!at_end()) fail(message("expected 'then', 'for', '*' or the end, found ", found()));
    return result;
  }

 private:
  // schedule = part, { "then", part } ;
  Made schedule() {
    std::vector<Made> parts{part()};
    for (std::size_t start = next(); accept_word("then"); start = next()) {
      if (!parts.back().length) {
        throw SyntaxError(start,
                          "what stands before 'then' has no end of its own: say how long it lasts, "
                          "as in exponential(0.99) for 100 then ...");
      }
      parts.push_back(part());
    }
    Made result = std::move(parts.back());
    for (auto first = parts.rbegin() + 1; first != parts.rend(); ++first)
      result = joined(*first, result);
    return result;
  }

  static Made joined(const Made& first, const Made& second) {
    std::optional<std::int64_t> length;
    if (second.length) length = *first.length + *second.length;
    if (first.warmup) return {first.warmup->then(second.schedule), length};
    return {schedulers::sequence({first.schedule, second.schedule}, {*first.length}), length};
  }

  // part = product, [ "for", steps ] ;
  Made part() {
    Made result = product();
    if (!accept_word("for")) return result;
    const Argument length = number();
    if (length.values[0] < 0 || length.values[0] != std::floor(length.values[0])) {
      throw SyntaxError(length.position, "expected a whole number of steps after 'for'");
    }
    return {result.schedule, static_cast<std::int64_t>(length.values[0])};
  }

  // product = factor, { "*", factor } ;
  Made product() {
    Made result = factor();
    while (accept('*')) {
      const Made other = factor();
      std::optional<std::int64_t> length;
      if (result.length && other.length) length = std::max(*result.length, *other.length);
      result = {result.schedule * other.schedule, length};
    }
    return result;
  }

  // factor = call | "(", schedule, ")" ;
  Made factor() {
    const std::size_t start = next();
    if (!accept('(')) return call();
    if (++depth_ > kDeepest)
      throw SyntaxError(start, message("more than ", kDeepest, " parentheses deep"));
    Made result = schedule();
    expect(')', "expected ')', 'then', 'for' or '*'");
    --depth_;
    return result;
  }

  // call = word, "(", [ argument, { ",", argument } ], ")" ;
  Made call() {
    const std::size_t start = next();
    const std::string name = word();
    if (name.empty()) fail(message("expected a schedule such as cosine(900), found ", found()));
    const auto& makers = schedule_makers();
    const auto maker =
        std::find_if(makers.begin(), makers.end(), [&](const Maker& m) { return m.name == name; });
    if (maker == makers.end()) throw SyntaxError(start, unknown_schedule(name));
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
    const auto parsed = parse_number(text_.substr(start, end - start));
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
    for (const Maker& maker : schedule_makers()) known.push_back(maker.name);
    const std::string near = suggestion(name, known);
    return message("unknown schedule '", name, "'",
                   near.empty() ? ": known are " + listed(known) : near);
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

std::string length_warning(const std::string& text, const TimedSchedule& schedule,
                           std::int64_t total_steps, double lr) {
  if (!schedule.length) return "";
  const std::int64_t length = *schedule.length;
  // Each percentage is off by half a step at most.
  if (2 * std::abs(total_steps - length) <= std::count(text.begin(), text.end(), '%')) return "";
  // The step of number n, from 1, has the learning rate at n - 1.
  const auto lr_of = [&](std::int64_t step) { return schedule.schedule(step - 1, lr); };
  const std::string of_run = message("its ", format_count(total_steps), " steps: ");
  const std::string last = format_number(lr_of(total_steps));
  if (total_steps < length) {
    return message("schedule: '", text, "' takes ", format_count(length),
                   " steps, and the run ends after ", of_run,
                   "the rest of it is left out, and the last learning rate is ", last);
  }
  // From which step on the learning rate is that of the last one.
  std::int64_t still = total_steps;
  while (still > 1 && lr_of(still - 1) == lr_of(total_steps)) --still;
  if (still == 1) return "";  // the same in every step
  const std::string where = message("schedule: '", text, "' ends after step ", format_count(length),
                                    ", and the run after ", of_run);
  if (still <= length + 1)
    return message(where, "from step ", format_count(length + 1), " on the learning rate stays at ",
                   last);
  return message(where, "from step ", format_count(length + 1),
                 " on the last part's formula goes on, from ", format_number(lr_of(length + 1)),
                 " to ", last, " in the last step");
}

TimedSchedule parse_schedule(const std::string& text, std::int64_t total_steps) {
  try {
    const Made made = Parser(text, total_steps).whole();
    return {made.schedule, made.length};
  } catch (const SyntaxError& error) {
    throw ValueError(message("schedule: ", error.what(), pointed(text, error.position())));
  }
}

}  // namespace kindling::demo
