// SPDX-License-Identifier: MIT
#pragma once

#include <CLI/CLI.hpp>

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

namespace kindling::demo {

// What options may be; each is checked before any work begins.

/// A whole number of at least `least`.
CLI::Validator at_least(std::int64_t least);

/// A finite number of at least `low`, and less than `below`.
CLI::Validator number_from(double low, double below = std::numeric_limits<double>::infinity());

/// A number between 0 and 1, neither included.
CLI::Validator share();

/// One of `known`, which the help lists.
CLI::Option* one_of(CLI::Option* option, const std::vector<std::string>& known);

/// auto, cpu, cuda or cuda:N.
CLI::Validator device_name();

/// What Schedule::parse() reads.
CLI::Validator schedule_text();

}  // namespace kindling::demo
