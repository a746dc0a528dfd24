// SPDX-License-Identifier: MIT
#pragma once

// Internal to optim; not part of the interface.

#include <kindling/core/command.h>

#include <algorithm>
#include <cstdint>
#include <vector>

namespace kindling::detail {

/// The records of an optimizer in device memory, one after the other: at least one for each group.
/// A parameter's first update may come late, and bias correction counts the updates of each
/// parameter; so parameters that have always been updated together share a record, and when only
/// some of them get a gradient these part from the others with a copy of it.
class Records {
 public:
  /// Room for that many; those of `earlier` are the first of them. Waits where there are any.
  Records(Device device, std::size_t capacity, const Records* earlier = nullptr);

  std::size_t count() const noexcept { return groups_.size(); }
  std::int64_t size() const noexcept { return std::ssize(groups_); }
  /// The first record of a group.
  std::size_t first_of(std::size_t group) const noexcept {
    return static_cast<std::size_t>(std::find(groups_.begin(), groups_.end(), group) -
                                    groups_.begin());
  }
  std::size_t group_of(std::size_t record) const noexcept { return groups_[record]; }
  math::GroupRecord* data() const { return memory_of<math::GroupRecord>(memory_); }

  /// A new record for a group; its values follow by write_one().
  std::size_t add(std::size_t group);
  /// A new record with all that another one holds.
  std::size_t part(std::size_t record);
  /// Gives all records of a group the host's values; their counts of updates stand.
  void write(std::size_t group, const math::HyperParameters& values) const;
  void write_one(std::size_t record, const math::HyperParameters& values,
                 std::int64_t updates) const;
  /// All records go; their memory stays.
  void clear() noexcept { groups_.clear(); }
  /// Copies of all. Waits.
  std::vector<math::GroupRecord> fetch() const;

 private:
  kernels::Backend& backend() const { return backend_of(memory_->device); }

  Intrusive<Storage> memory_;
  std::vector<std::size_t> groups_;  // of each record
};

}  // namespace kindling::detail
