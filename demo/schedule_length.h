// SPDX-License-Identifier: MIT
#pragma once

#include <kindling/schedulers/schedule.h>

#include <cstdint>
#include <string>

namespace kindling::demo {

/// What to tell the user of a run whose steps are not those of its schedule, `text`: which learning
/// rate the steps after its end have, or how much of it is left out. Empty where they are the same,
/// but for the rounding of percentages, where the schedule has no end, and where all steps have one
/// learning rate.
std::string length_warning(const std::string& text, const schedulers::Schedule& schedule,
                           std::int64_t total_steps, double lr);

/// Whether no step of the run has a learning rate that depends on the base, as with one_cycle.
bool ignores_base(const schedulers::Schedule& schedule, std::int64_t total_steps);

/// Writes "kindling-train: warning: ..." to the standard error; nothing for an empty text.
void print_warning(const std::string& warning);

}  // namespace kindling::demo
