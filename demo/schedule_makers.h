// SPDX-License-Identifier: MIT
#pragma once

#include <kindling/schedulers/warmup.h>

#include "demo/schedule_grammar.h"

#include <functional>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

namespace kindling::demo {

/// A mistake at byte `position()` of a schedule's text.
class SyntaxError : public std::runtime_error {
 public:
  SyntaxError(std::size_t position, const std::string& what)
      : std::runtime_error(what), position_(position) {}

  std::size_t position() const { return position_; }

 private:
  std::size_t position_;
};

/// An argument of a call: cosine(900, eta_min=1e-5) has two.
struct Argument {
  enum class Kind { number, percent, word, list };

  std::string name;           ///< empty when it is known by its place
  std::size_t name_position;  ///< in the text
  std::size_t position;       ///< of the value
  Kind kind;
  std::vector<double>
      values;  ///< of a list; one for a number, and for a percentage, which is in steps already
  std::string word;  ///< a word, quoted or not
};

/// What a call makes: a warm-up is also kept as what it is, since what follows it is joined by
/// Warmup::then().
struct Made {
  schedulers::Schedule schedule;
  std::optional<std::int64_t> length;
  std::optional<schedulers::Warmup> warmup = {};
};

/// A function of the grammar.
struct Maker {
  std::string name;
  std::vector<std::string> parameters;  ///< in the order of their places; the first may be a list
  std::string summary;
  /// Throws SyntaxError at the argument that does not fit, or Error from the library.
  std::function<Made(const std::vector<Argument>& arguments)> make;

  /// "cosine(T_max, eta_min)"
  std::string signature() const;
};

/// Every function of the grammar, in the order of the manual.
const std::vector<Maker>& schedule_makers();

}  // namespace kindling::demo
