// SPDX-License-Identifier: MIT
#pragma once

// From the arguments of a call in the text of a schedule to the options of its maker, by a list of
// the options' names and members. Not part of the interface.

#include <kindling/core/error.h>
#include <kindling/schedulers/makers.h>
#include <kindling/schedulers/per_group.h>
#include <kindling/schedulers/warmup.h>

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace kindling::schedulers {

// What an argument's value becomes, by the type of the option it is for.

double number(const Argument& argument);
std::int64_t steps(const Argument& argument);
std::string word(const Argument& argument);

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
void read(const Argument& argument, bool& value);
void read(const Argument& argument, std::vector<std::int64_t>& value);

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

/// An option of some aggregate: its name and default, and how to set it.
struct Field {
  Parameter parameter;
  bool is_list;
  std::function<void(void* options, const Argument&)> set;
};

/// The same of one aggregate, so that a list cannot mix them.
template <class Options>
struct FieldOf : Field {
  template <class T>
  FieldOf(const char* name, T Options::*member) : FieldOf(name, member, shown(Options{}.*member)) {}
  template <class T>
  FieldOf(const char* name, T Options::*member, std::string usual)
      : Field{{name, std::move(usual)},
              std::is_same_v<T, std::vector<std::int64_t>>,
              [member](void* options, const Argument& argument) {
                read(argument, static_cast<Options*>(options)->*member);
              }} {}
};

/// Makes a schedule from the fields that a call sets.
using MakeFromFields = std::function<Schedule(const std::vector<Field>& fields,
                                              const std::vector<Argument>& arguments)>;

Maker maker_of(const char* name, const char* summary, std::vector<Field> fields,
               MakeFromFields make);

/// Sets the options that the arguments are for. SyntaxError at the argument that does not fit.
void read_options(const std::vector<Field>& fields, const std::vector<Argument>& arguments,
                  void* options);

template <class Options>
Maker maker(const char* name, const char* summary, std::initializer_list<FieldOf<Options>> fields,
            Schedule (*make)(const Options&)) {
  return maker_of(name, summary, {fields.begin(), fields.end()},
                  [make](const std::vector<Field>& own, const std::vector<Argument>& arguments) {
                    Options options;
                    read_options(own, arguments, &options);
                    return make(options);
                  });
}

}  // namespace kindling::schedulers
