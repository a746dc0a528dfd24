// SPDX-License-Identifier: MIT
#pragma once

// What a Schedule is made of; not part of the interface.

#include <kindling/schedulers/schedule.h>

#include <cstdint>
#include <optional>
#include <string>

namespace kindling::schedulers {

struct Schedule::Body {
  std::string description;
  Value value;
  Momentum momentum;
  std::optional<std::int64_t> length = {};
  /// What a schedule that follows takes for base, at a step from the end on: the base itself where
  /// this is empty.
  Value onward = nullptr;
};

}  // namespace kindling::schedulers
