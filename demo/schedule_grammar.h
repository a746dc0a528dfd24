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

/// What to tell the user of a run whose steps are not those of its schedule, `text`: which learning
/// rate the steps after its end have, or how much of it is left out. Empty where they are the same,
/// but for the rounding of percentages, where the schedule has no end, and where all steps have one
/// learning rate.
std::string length_warning(const std::string& text, const TimedSchedule& schedule,
                           std::int64_t total_steps, double lr);

}  // namespace kindling::demo
