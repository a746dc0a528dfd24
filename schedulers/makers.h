// SPDX-License-Identifier: MIT
#pragma once

// The functions that Schedule::parse() knows; not part of the interface.

#include <kindling/core/api.h>
#include <kindling/schedulers/schedule.h>

#include <cstddef>
#include <functional>
#include <stdexcept>
#include <string>
#include <vector>

namespace kindling::schedulers {

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

/// An option of a maker.
struct Parameter {
  std::string name;
  std::string usual;  ///< its default, as a manual has it; none where it is required
};

/// A function of the grammar.
struct Maker {
  std::string name;
  std::vector<Parameter> parameters;  ///< in the order of their places; the first may be a list
  std::string summary;
  /// Throws SyntaxError at the argument that does not fit, or Error from the maker.
  std::function<Schedule(const std::vector<Argument>& arguments)> make;

  /// "T_max, eta_min = 0"
  KINDLING_API std::string signature() const;
};

/// Every function of the grammar, in the order of the manual.
KINDLING_API const std::vector<Maker>& makers();

}  // namespace kindling::schedulers
