// SPDX-License-Identifier: MIT
#include "demo/checks.h"

#include <kindling/core/error.h>
#include <kindling/core/nearest.h>
#include <kindling/schedulers/schedule.h>

#include "demo/device.h"
#include "demo/number.h"

#include <algorithm>
#include <charconv>
#include <cmath>

namespace kindling::demo {
namespace {

// Percentages need a length of the run, which the data decides.
constexpr std::int64_t kSomeSteps = 1000;

// A validator whose mistake is the message of the Error that `use` throws for a text, without the
// `prefix` of such messages.
template <class Use>
CLI::Validator accepted_by(const Use& use, const std::string& prefix) {
  return {[use, prefix](const std::string& text) -> std::string {
            try {
              use(text);
            } catch (const Error& refused) {
              const std::string what = refused.what();
              return what.starts_with(prefix) ? what.substr(prefix.size()) : what;
            }
            return {};
          },
          ""};
}

}  // namespace

CLI::Validator at_least(std::int64_t least) {
  return {[least](const std::string& text) -> std::string {
            std::int64_t value = 0;
            const char* const end = text.data() + text.size();
            const auto [stop, error] = std::from_chars(text.data(), end, value);
            if (error == std::errc() && stop == end && value >= least) return {};
            return text + ": must be a whole number of at least " + std::to_string(least);
          },
          ""};
}

CLI::Validator number_from(double low, double below) {
  return {[low, below](const std::string& text) -> std::string {
            const auto value = parse_number(text);
            if (value && *value >= low && *value < below) return {};
            const std::string limit =
                std::isinf(below) ? "" : " and less than " + format_exact(below);
            return text + ": must be a number of at least " + format_exact(low) + limit;
          },
          ""};
}

CLI::Validator share() {
  return {[](const std::string& text) -> std::string {
            const auto value = parse_number(text);
            if (value && *value > 0 && *value < 1) return {};
            return text + ": must be a number between 0 and 1, such as 0.2";
          },
          ""};
}

CLI::Option* one_of(CLI::Option* option, const std::vector<std::string>& known) {
  std::string choices;
  for (const std::string& choice : known) choices += (choices.empty() ? "" : "|") + choice;
  const auto mistake = [known](const std::string& text) -> std::string {
    if (std::find(known.begin(), known.end(), text) != known.end()) return {};
    const std::string near = detail::suggestion(text, known);
    return text + " is none of " + detail::listed(known) + near;
  };
  return option->check(CLI::Validator(mistake, ""))->type_name(choices);
}

CLI::Validator device_name() {
  return accepted_by([](const std::string& text) { parse_device(text); }, "device: ");
}

CLI::Validator schedule_text() {
  return accepted_by([](const std::string& text) { schedulers::Schedule::parse(text, kSomeSteps); },
                     "schedule: ");
}

}  // namespace kindling::demo
