// SPDX-License-Identifier: MIT
#include <kindling/schedulers/caller.h>

namespace kindling::schedulers {

namespace {

thread_local const Caller* building_for = nullptr;

}  // namespace

BuildingFor::BuildingFor(const Caller& caller) : caller_(caller), enclosing_(building_for) {
  building_for = &caller_;
}

BuildingFor::~BuildingFor() { building_for = enclosing_; }

Caller caller_of(std::string_view maker) { return building_for ? *building_for : Caller{maker}; }

}  // namespace kindling::schedulers
