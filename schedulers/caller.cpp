// SPDX-License-Identifier: MIT
#include <kindling/schedulers/caller.h>
#include <kindling/schedulers/checks.h>

namespace kindling::schedulers {

double PerGroup::at(const Caller& caller, std::string_view field) const {
  if (values_.empty()) {
    throw ValueError(message(caller.name, ": ", field,
                             " is missing: give one value, or one per parameter group"));
  }
  if (values_.size() != 1 && values_.size() != caller.groups) {
    throw ValueError(message(caller.name, ": ", field, " has ", values_.size(),
                             " values: ", caller.groups, " parameter group",
                             caller.groups == 1 ? "" : "s", ": give one value, or one per group"));
  }
  for (const double value : values_) require_not_negative(caller, field, value);
  return values_.size() == 1 ? values_.front() : values_.at(caller.group);
}

}  // namespace kindling::schedulers
