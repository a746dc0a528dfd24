// SPDX-License-Identifier: MIT
#pragma once

#include <kindling/core/api.h>
#include <kindling/schedulers/schedule.h>

#include <cstdint>
#include <vector>

namespace kindling::schedulers {

// Schedule::then() puts one schedule after the end of another.

/// One schedule after the other: part i from milestones[i-1] on, each on its own clock from 0 and
/// from the base learning rate. A repeated milestone leaves a part out; one at 0 starts with the
/// second part. The momentum is that of the part in force. ValueError unless there is one milestone
/// fewer than parts, none negative and in ascending order.
KINDLING_API Schedule sequence(std::vector<Schedule> parts, std::vector<std::int64_t> milestones);

/// Both at once, on one clock: (a * b)(t, lr) = b(t, a(t, lr)). The momentum is b's where it gives
/// one, else a's. The end is the later one, where both have one.
KINDLING_API Schedule operator*(const Schedule& a, const Schedule& b);

/// All of `parts` at once, in order: parts[0] * parts[1] * ... ValueError when there are none.
KINDLING_API Schedule chain(const std::vector<Schedule>& parts);

}  // namespace kindling::schedulers
