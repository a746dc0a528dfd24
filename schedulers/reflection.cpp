// SPDX-License-Identifier: MIT
#include <kindling/core/nearest.h>
#include <kindling/schedulers/reflection.h>

#include <algorithm>
#include <cmath>

namespace kindling::schedulers {
namespace {

using Kind = Argument::Kind;
using Fields = std::vector<Field>;
using Arguments = std::vector<Argument>;

std::int64_t whole(const Argument& argument, double value) {
  if (value != std::floor(value) || std::abs(value) > 1e15) {
    throw SyntaxError(argument.position, message("expected a whole number, found ", value));
  }
  return static_cast<std::int64_t>(value);
}

// A list also takes numbers without brackets: multi_step(30, 80, gamma=0.5).
bool gathered(const Fields& fields, const Arguments& arguments, std::size_t index) {
  const Argument& argument = arguments[index];
  const bool is_number = argument.kind == Kind::number || argument.kind == Kind::percent;
  return fields[0].is_list && argument.name.empty() && is_number && arguments[0].kind != Kind::list;
}

// The field that an argument is for: the one of its name, or the one of its place.
std::size_t field_of(const Fields& fields, const Arguments& arguments, std::size_t index) {
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
  const auto found = std::find_if(fields.begin(), fields.end(), [&](const Field& field) {
    return field.parameter.name == argument.name;
  });
  if (found == fields.end()) {
    std::vector<std::string> known;
    for (const Field& field : fields) known.push_back(field.parameter.name);
    const std::string near = detail::suggestion(argument.name, known);
    throw SyntaxError(argument.name_position,
                      message("unknown argument '", argument.name, "'",
                              near.empty() ? ": known are " + detail::listed(known) : near));
  }
  return static_cast<std::size_t>(found - fields.begin());
}

// Where the argument stands that the maker refused: its errors read "cosine: T_max 0: must be at
// least 1".
std::optional<std::size_t> refused_position(const Fields& fields, const Arguments& arguments,
                                            const std::string& what) {
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const std::string& field = fields[field_of(fields, arguments, i)].parameter.name;
    if (what.find(": " + field + " ") != std::string::npos) return arguments[i].position;
  }
  return std::nullopt;
}

}  // namespace

double number(const Argument& argument) {
  if (argument.kind != Kind::number) throw SyntaxError(argument.position, "expected a number");
  return argument.values[0];
}

std::int64_t steps(const Argument& argument) {
  if (argument.kind != Kind::number && argument.kind != Kind::percent)
    throw SyntaxError(argument.position, "expected a whole number or a percentage");
  return whole(argument, argument.values[0]);
}

std::string word(const Argument& argument) {
  if (argument.kind != Kind::word) throw SyntaxError(argument.position, "expected a word");
  return argument.word;
}

void read(const Argument& argument, bool& value) {
  if (argument.word != "true" && argument.word != "false") {
    throw SyntaxError(argument.position, "expected true or false");
  }
  value = argument.word == "true";
}

void read(const Argument& argument, std::vector<std::int64_t>& value) {
  if (argument.kind == Kind::word)
    throw SyntaxError(argument.position, "expected a list such as [30, 80]");
  for (const double element : argument.values) value.push_back(whole(argument, element));
}

void read_options(const Fields& fields, const Arguments& arguments, void* options) {
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
}

Maker maker_of(const char* name, const char* summary, Fields fields, MakeFromFields make) {
  std::vector<Parameter> parameters;
  for (const Field& field : fields) parameters.push_back(field.parameter);
  return {name, std::move(parameters), summary,
          [fields = std::move(fields), make = std::move(make)](const Arguments& arguments) {
            try {
              return make(fields, arguments);
            } catch (const Error& refused) {
              const auto position = refused_position(fields, arguments, refused.what());
              if (position) throw SyntaxError(*position, refused.what());
              throw;
            }
          }};
}

}  // namespace kindling::schedulers
