// SPDX-License-Identifier: MIT
#pragma once

#include <CLI/CLI.hpp>

#include <charconv>
#include <cstdint>
#include <string>

namespace kindling::demo {

/// Checks that an option is a whole number of at least `least`.
inline CLI::Validator at_least(std::int64_t least) {
  const auto mistake = [least](const std::string& text) -> std::string {
    std::int64_t value = 0;
    const char* const end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, value);
    if (error == std::errc() && stop == end && value >= least) return {};
    return text + ": must be a whole number of at least " + std::to_string(least);
  };
  return {mistake, ">= " + std::to_string(least)};
}

}  // namespace kindling::demo
