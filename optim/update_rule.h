// SPDX-License-Identifier: MIT
#pragma once

// Internal to optim; not part of the interface.

#include <kindling/kernels/backend.h>

#include <array>
#include <cstddef>
#include <span>

namespace kindling::detail {

/// The hyper-parameters of a group, in the form of its record in device memory, of which this is
/// the host's copy.
struct GroupSettings : math::GroupRecord {
  bool amsgrad = false;
  bool momentum_scheduled = false;  // momentum may be 0 now and not later
};

/// The most arenas of state an optimizer keeps beside parameters and gradients.
inline constexpr std::size_t kMaxBuffers = 3;

/// One range of all arenas of a group; buffers that are not in use are empty.
struct RangeViews {
  View parameter;
  View gradient;
  std::array<View, kMaxBuffers> buffers;
};

/// What tells one optimizer from another.
struct UpdateRule {
  struct Number {
    const char* name;
    math::Rounded GroupSettings::*member;
  };
  struct Flag {
    const char* name;
    bool GroupSettings::*member;
  };

  const char* name;                 // "SGD"
  std::span<const Number> numbers;  // the hyper-parameters, lr first
  std::span<const Flag> flags;
  std::span<const char* const> buffers;  // names of the arenas of state, at most kMaxBuffers
  bool
      first_update_fills_buffers;  // a buffer that comes late starts with the record's first update

  /// True when updates with these settings use buffer b.
  bool (*uses_buffer)(const GroupSettings& settings, std::size_t b);
  /// ValueError, naming the optimizer, for hyper-parameters out of range.
  void (*check)(const char* name, const GroupSettings& settings);
  /// The update of one range; the record's last range advances it.
  void (*issue)(kernels::Backend& backend, const RangeViews& views, math::GroupRecord* record,
                bool advance);
};

/// ValueError "SGD: lr -1: must be finite and not negative" unless it is.
void check_not_negative(const char* optimizer, const char* field, double value);

}  // namespace kindling::detail
