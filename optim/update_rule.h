// SPDX-License-Identifier: MIT
#pragma once

// Internal to optim; not part of the interface.

#include <kindling/kernels/commands.h>

#include <cstddef>
#include <span>
#include <variant>

namespace kindling::detail {

/// A field of an optimizer's options: its name, and its place among the hyper-parameters.
struct OptionField {
  const char* name;
  std::variant<math::Rounded math::HyperParameters::*, bool math::HyperParameters::*> place;
};

/// What tells one optimizer from another.
struct UpdateRule {
  const char* name;  // "SGD"
  kernels::UpdateOp op;
  math::HyperParameters fixed;          // what no option sets
  std::span<const OptionField> fields;  // lr first; skip_nonfinite is the optimizer's own
  std::span<const char* const> states;  // names of the arenas of state, at most kernels::kMaxStates

  /// True when updates with these values use state s; `momentum_scheduled`: it may be 0 now and not
  /// later.
  bool (*uses_state)(const math::HyperParameters& values, bool momentum_scheduled, std::size_t s);
  /// ValueError, naming the optimizer, for values out of range.
  void (*check)(const char* name, const math::HyperParameters& values, bool momentum_scheduled);
};

/// ValueError "SGD: lr -1: must be finite and not negative" unless it is.
void check_not_negative(const char* optimizer, const char* field, double value);
/// The same for the decay rate of an average: at least 0 and below 1.
void check_below_one(const char* optimizer, const char* field, double value);

}  // namespace kindling::detail
