// SPDX-License-Identifier: MIT
#include "tests/schedulers/fuzz/target.h"

#include <kindling/core/error.h>
#include <kindling/schedulers/schedule.h>

#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string_view>

namespace kindling::test {
namespace {

constexpr std::int64_t kRun = 1000;  // steps, for percentages

using schedulers::Schedule;

void require_that(bool holds) {
  if (!holds) std::abort();
}

// Nothing where it is refused.
std::optional<Schedule> schedule_of(const std::string& text) {
  try {
    return Schedule::parse(text, kRun);
  } catch (const ValueError& error) {
    const std::string_view what = error.what();
    require_that(what.starts_with("schedule: ") && what.ends_with("^"));
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
  require_that(!schedule->length() || *schedule->length() >= 0);
  // Six digits of a number may be another number, even one that is refused; the text is still one.
  const auto again = schedule_of(schedule->description());
  require_that(!again || again->description() == schedule->description());
  return true;
}

}  // namespace kindling::test
