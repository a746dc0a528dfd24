// SPDX-License-Identifier: MIT
#pragma once

#include <kindling/schedulers/schedule.h>

#include <cstdint>
#include <optional>
#include <string>

namespace kindling::demo {

/// A schedule and, where it has an end of its own, the step of that end.
struct TimedSchedule {
  schedulers::Schedule schedule;
  std::optional<std::int64_t> length;
};

/// Reads a schedule such as "warmup(100) then cosine(900)"; demo/README.md has the grammar.
/// Percentages are of `total_steps`; without it (0) they are refused. ValueError that shows the
/// expression with a caret at the place of a mistake, be it one of grammar or a value that a
/// schedule refuses.
TimedSchedule parse_schedule(const std::string& text, std::int64_t total_steps = 0);

}  // namespace kindling::demo
