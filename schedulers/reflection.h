// SPDX-License-Identifier: MIT
#pragma once

// From the arguments of a call in the text of a schedule to the options of its maker, by a list of
// the options' names and members. Not part of the interface.

#include <kindling/core/error.h>
#include <kindling/core/nearest.h>
#include <kindling/schedulers/makers.h>
#include <kindling/schedulers/per_group.h>
#include <kindling/schedulers/warmup.h>

#include <algorithm>
#include <cmath>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace kindling::schedulers {

using Kind = Argument::Kind;

// What an argument's value becomes, by the type of the option it is for.

inline double number(const Argument& argument) {
  if (argument.kind != Kind::number) throw SyntaxError(argument.position, "expected a number");
  return argument.values[0];
}

inline std::int64_t whole(const Argument& argument, double value) {
  if (value != std::floor(value) || std::abs(value) > 1e15) {
    throw SyntaxError(argument.position, message("expected a whole number, found ", value));
  }
  return static_cast<std::int64_t>(value);
}

inline std::int64_t steps(const Argument& argument) {
  if (argument.kind != Kind::number && argument.kind != Kind::percent)
    throw SyntaxError(argument.position, "expected a whole number or a percentage");
  return whole(argument, argument.values[0]);
}

inline std::string word(const Argument& argument) {
  if (argument.kind != Kind::word) throw SyntaxError(argument.position, "expected a word");
  return argument.word;
}

inline void read(const Argument& argument, double& value) { value = number(argument); }
inline void read(const Argument& argument, std::optional<double>& value) {
  value = number(argument);
}
inline void read(const Argument& argument, PerGroup& value) { value = number(argument); }
inline void read(const Argument& argument, std::int64_t& value) { value = steps(argument); }
inline void read(const Argument& argument, std::optional<std::int64_t>& value) {
  value = steps(argument);
}
inline void read(const Argument& argument, std::string& value) { value = word(argument); }
inline void read(const Argument& argument, WarmupConvention& value) {
  value = warmup_convention(word(argument));
}

inline void read(const Argument& argument, bool& value) {
  if (argument.word != "true" && argument.word != "false") {
    throw SyntaxError(argument.position, "expected true or false");
  }
  value = argument.word == "true";
}

inline void read(const Argument& argument, std::vector<std::int64_t>& value) {
  if (argument.kind == Kind::word)
    throw SyntaxError(argument.position, "expected a list such as [30, 80]");
  for (const double element : argument.values) value.push_back(whole(argument, element));
}

// How a manual writes a default.

inline std::string shown(bool value) { return value ? "true" : "false"; }
inline std::string shown(const std::string& value) { return message('"', value, '"'); }
inline std::string shown(const PerGroup& value) { return message(value.values().at(0)); }
template <class T>
std::string shown(const T& value) {
  return message(value);
}

/// The default of an option that has none.
inline constexpr const char* kNoDefault = "";

/// An option of an aggregate: its name, how to set it, and its default as a manual has it.
template <class Options>
struct Field {
  template <class T>
  Field(std::string field_name, T Options::*member)
      : Field(std::move(field_name), member, shown(Options{}.*member)) {}
  template <class T>
  Field(std::string field_name, T Options::*member, std::string usual)
      : parameter{std::move(field_name), std::move(usual)},
        is_list(std::is_same_v<T, std::vector<std::int64_t>>),
        set([member](Options& options, const Argument& argument) {
          read(argument, options.*member);
        }) {}

  Parameter parameter;
  bool is_list;
  std::function<void(Options&, const Argument&)> set;
};

template <class Options>
using Fields = std::vector<Field<Options>>;

// A list also takes numbers without brackets: multi_step(30, 80, gamma=0.5).
template <class Options>
bool gathered(const Fields<Options>& fields, const std::vector<Argument>& arguments,
              std::size_t index) {
  const Argument& argument = arguments[index];
  const bool is_number = argument.kind == Kind::number || argument.kind == Kind::percent;
  return fields[0].is_list && argument.name.empty() && is_number && arguments[0].kind != Kind::list;
}

// The field that an argument is for: the one of its name, or the one of its place.
template <class Options>
std::size_t field_of(const Fields<Options>& fields, const std::vector<Argument>& arguments,
                     std::size_t index) {
  const Argument& argument = arguments[index];
  if (argument.name.empty()) {
    if (index > 0 && !arguments[index - 1].name.empty()) {
      throw SyntaxError(argument.position,
                        "an argument without a name stands behind one with a name");
    }
    if (gathered(fields, arguments, index)) return 0;
    if (index >= fields.size()) {
      throw SyntaxError(argument.position,
                        message("too many arguments: expected at most ", fields.size()));
    }
    return index;
  }
  const auto found = std::find_if(fields.begin(), fields.end(), [&](const auto& field) {
    return field.parameter.name == argument.name;
  });
  if (found == fields.end()) {
    std::vector<std::string> known;
    for (const auto& field : fields) known.push_back(field.parameter.name);
    const std::string near = detail::suggestion(argument.name, known);
    throw SyntaxError(argument.name_position,
                      message("unknown argument '", argument.name, "'",
                              near.empty() ? ": known are " + detail::listed(known) : near));
  }
  return static_cast<std::size_t>(found - fields.begin());
}

template <class Options>
Options read_options(const Fields<Options>& fields, const std::vector<Argument>& arguments) {
  Options options;
  std::vector<bool> given(fields.size(), false);
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const std::size_t index = field_of(fields, arguments, i);
    if (given[index] && !gathered(fields, arguments, i)) {
      throw SyntaxError(arguments[i].position,
                        message("argument '", fields[index].parameter.name, "' is given twice"));
    }
    given[index] = true;
    try {
      fields[index].set(options, arguments[i]);
    } catch (const Error& refused) {
      throw SyntaxError(arguments[i].position, refused.what());
    }
  }
  return options;
}

// Where the argument stands that the maker refused: its errors read "cosine: T_max 0: must be at
// least 1".
template <class Options>
std::optional<std::size_t> refused_position(const Fields<Options>& fields,
                                            const std::vector<Argument>& arguments,
                                            const std::string& what) {
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const std::string& field = fields[field_of(fields, arguments, i)].parameter.name;
    if (what.find(": " + field + " ") != std::string::npos) return arguments[i].position;
  }
  return std::nullopt;
}

template <class Options>
Maker maker(std::string name, std::string summary, Fields<Options> fields,
            Schedule (*make)(const Options&)) {
  std::vector<Parameter> parameters;
  for (const auto& field : fields) parameters.push_back(field.parameter);
  return {std::move(name), std::move(parameters), std::move(summary),
          [fields = std::move(fields), make](const std::vector<Argument>& arguments) {
            const Options options = read_options(fields, arguments);
            try {
              return make(options);
            } catch (const Error& refused) {
              const auto position = refused_position(fields, arguments, refused.what());
              if (position) throw SyntaxError(*position, refused.what());
              throw;
            }
          }};
}

}  // namespace kindling::schedulers
