// SPDX-License-Identifier: MIT
#include <kindling/schedulers/checks.h>

namespace kindling::schedulers {

double value_for(const Caller& caller, std::string_view field, const PerGroup& per_group) {
  const std::vector<double>& values = per_group.values();
  if (values.empty()) {
    throw ValueError(message(caller.name, ": ", field,
                             " is missing: give one value, or one per parameter group"));
  }
  if (values.size() != 1 && values.size() != caller.groups) {
    throw ValueError(message(caller.name, ": ", field, " has ", values.size(),
                             " values: ", caller.groups, " parameter group",
                             caller.groups == 1 ? "" : "s", ": give one value, or one per group"));
  }
  for (const double value : values) require_not_negative(caller, field, value);
  return values.size() == 1 ? values.front() : values.at(caller.group);
}

}  // namespace kindling::schedulers
