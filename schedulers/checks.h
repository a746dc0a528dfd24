// SPDX-License-Identifier: MIT
#pragma once

// Shared by the makers' sources: option checks and descriptions. Not part of the interface.

#include <kindling/core/error.h>
#include <kindling/schedulers/caller.h>
#include <kindling/schedulers/per_group.h>

#include <cmath>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

namespace kindling::schedulers {

/// "CosineAnnealingLR: T_max 0: must be at least 1" unless `holds`.
template <class T>
void require(bool holds, const Caller& caller, std::string_view field, const T& value,
             std::string_view rule) {
  if (!holds) throw ValueError(message(caller.name, ": ", field, " ", value, ": must be ", rule));
}

inline void require_at_least(const Caller& caller, std::string_view field, std::int64_t value,
                             std::int64_t least) {
  require(value >= least, caller, field, value, message("at least ", least));
}

inline void require_not_negative(const Caller& caller, std::string_view field, double value) {
  require(std::isfinite(value) && value >= 0, caller, field, value, "finite and not negative");
}

inline void require_positive(const Caller& caller, std::string_view field, double value) {
  require(std::isfinite(value) && value > 0, caller, field, value, "finite and above 0");
}

/// An option that is one of a few strings, as in PyTorch.
inline void require_one_of(const Caller& caller, std::string_view field, const std::string& value,
                           std::initializer_list<std::string_view> known) {
  std::string list;
  for (const std::string_view name : known) {
    if (value == name) return;
    list += message(list.empty() ? "" : ", ", '"', name, '"');
  }
  throw ValueError(message(caller.name, ": ", field, " \"", value, "\": must be one of ", list));
}

/// The value for the caller's group. ValueError when none was given, when the count fits neither
/// one nor the number of groups, or when a value is not finite or is negative.
double value_for(const Caller& caller, std::string_view field, const PerGroup& per_group);

/// Never more than there are steps.
inline std::int64_t sum_of_lengths(std::int64_t a, std::int64_t b) {
  return a > INT64_MAX - b ? INT64_MAX : a + b;
}

/// Builds "name(required, other=value)"; an argument that equals its default is left out.
class Description {
 public:
  explicit Description(std::string_view name) : text_(message(name, "(")) {}

  template <class T>
  Description& add(const T& value) {
    return append(message(value));
  }

  template <class T>
  Description& add(std::string_view field, const T& value, const T& usual) {
    return value == usual ? *this : append(message(field, "=", value));
  }

  operator std::string() const { return text_ + ")"; }

 private:
  Description& append(const std::string& argument) {
    if (!first_) text_ += ", ";
    first_ = false;
    text_ += argument;
    return *this;
  }

  std::string text_;
  bool first_ = true;
};

/// `description` in parentheses when it is itself a composition.
inline std::string grouped(const std::string& description) {
  int depth = 0;
  for (const char c : description) {
    if (c == '(') ++depth;
    if (c == ')') --depth;
    if (c == ' ' && depth == 0) return "(" + description + ")";
  }
  return description;
}

}  // namespace kindling::schedulers
