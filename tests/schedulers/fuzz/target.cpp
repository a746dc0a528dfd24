// SPDX-License-Identifier: MIT
#include "tests/schedulers/fuzz/target.h"

#include <kindling/core/error.h>
#include <kindling/schedulers/schedule.h>

#include "tests/support/demand.h"

#include <cstdint>
#include <optional>
#include <string_view>

namespace kindling::test {
namespace {

constexpr std::int64_t kRun = 1000;  // steps, for percentages

using schedulers::Schedule;

// Nothing where it is refused.
std::optional<Schedule> schedule_of(const std::string& text) {
  try {
    return Schedule::parse(text, kRun);
  } catch (const ValueError& error) {
    const std::string_view what = error.what();
    demand(what.starts_with("schedule: ") && what.ends_with("^"));
    return std::nullopt;
  }
}

}  // namespace

bool feed_schedule(const std::string& text) {
  const auto schedule = schedule_of(text);
  if (!schedule) return false;
  for (const std::int64_t t : {std::int64_t{0}, kRun, INT64_MAX}) {
    (void)(*schedule)(t, 0.1);
    (void)schedule->momentum(t);
  }
  demand(!schedule->length() || *schedule->length() >= 0);
  // Six digits of a number may be another number, even one that is refused; the text is still one.
  const auto again = schedule_of(schedule->description());
  demand(!again || again->description() == schedule->description());
  return true;
}

}  // namespace kindling::test
