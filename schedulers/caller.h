// SPDX-License-Identifier: MIT
#pragma once

#include <kindling/core/api.h>

#include <cstddef>
#include <string_view>

namespace kindling::schedulers {

/// For whom a maker builds a schedule: the name its errors carry and the parameter group it serves.
struct Caller {
  std::string_view name;
  std::size_t group = 0;
  std::size_t groups = 1;
};

/// While it lives, the makers that this thread calls build for `caller`, a scheduler class, so that
/// a wrong option of CosineAnnealingLR is an error of CosineAnnealingLR and not of cosine().
class KINDLING_API BuildingFor {
 public:
  explicit BuildingFor(const Caller& caller);
  BuildingFor(const BuildingFor&) = delete;
  BuildingFor& operator=(const BuildingFor&) = delete;
  ~BuildingFor();

 private:
  Caller caller_;
  const Caller* enclosing_;
};

/// The class that is being built in this thread; without one the maker itself.
Caller caller_of(std::string_view maker);

}  // namespace kindling::schedulers
