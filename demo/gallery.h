// SPDX-License-Identifier: MIT
#pragma once

#include <kindling/schedulers/schedule.h>

#include "demo/figure.h"

#include <cstdint>
#include <string>
#include <vector>

namespace kindling::demo {

/// The learning rate of a schedule in steps 0 to steps - 1, and in a second panel its momentum if
/// it drives that.
Figure schedule_figure(const std::string& title, const schedulers::Schedule& schedule,
                       std::int64_t steps, double lr);

struct Picture {
  std::string name;  ///< of the file, without ".svg"
  Figure figure;
};

/// A picture of every kind of schedule, made for docs/schedulers.md.
std::vector<Picture> schedule_gallery();

}  // namespace kindling::demo
