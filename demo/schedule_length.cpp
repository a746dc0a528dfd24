// SPDX-License-Identifier: MIT
#include "demo/schedule_length.h"

#include <kindling/core/error.h>

#include "demo/number.h"

#include <algorithm>
#include <cstdlib>
#include <iostream>

namespace kindling::demo {

std::string length_warning(const std::string& text, const schedulers::Schedule& schedule,
                           std::int64_t total_steps, double lr) {
  if (!schedule.length()) return "";
  const std::int64_t length = *schedule.length();
  // Each percentage is off by half a step at most.
  if (2 * std::abs(total_steps - length) <= std::count(text.begin(), text.end(), '%')) return "";
  // The step of number n, from 1, has the learning rate at n - 1.
  const auto lr_of = [&](std::int64_t step) { return schedule(step - 1, lr); };
  const std::string of_run = message("its ", format_count(total_steps), " steps: ");
  const std::string last = format_number(lr_of(total_steps));
  if (total_steps < length) {
    return message("schedule: '", text, "' takes ", format_count(length),
                   " steps, and the run ends after ", of_run,
                   "the rest of it is left out, and the last learning rate is ", last);
  }
  // From which step on the learning rate is that of the last one.
  std::int64_t still = total_steps;
  while (still > 1 && lr_of(still - 1) == lr_of(total_steps)) --still;
  if (still == 1) return "";  // the same in every step
  const std::string where = message("schedule: '", text, "' ends after step ", format_count(length),
                                    ", and the run after ", of_run);
  if (still <= length + 1)
    return message(where, "from step ", format_count(length + 1), " on the learning rate stays at ",
                   last);
  return message(where, "from step ", format_count(length + 1),
                 " on the last part's formula goes on, from ", format_number(lr_of(length + 1)),
                 " to ", last, " in the last step; 'then hold' at the end stops it there");
}

bool ignores_base(const schedulers::Schedule& schedule, std::int64_t total_steps) {
  // Each of the first thousand steps, then fewer and fewer.
  for (std::int64_t t = 0; t < total_steps; t += 1 + t / 1000)
    if (schedule(t, 1.0) != schedule(t, 2.0)) return false;
  return true;
}

void print_warning(const std::string& warning) {
  if (!warning.empty()) std::cerr << message("kindling-train: warning: ", warning, '\n');
}

}  // namespace kindling::demo
