// SPDX-License-Identifier: MIT
#pragma once

// Internal to optim; not part of the interface.

#include <kindling/core/command.h>
#include <kindling/optim/update_rule.h>

#include <array>
#include <cstdint>
#include <vector>

namespace kindling::detail {

/// A contiguous piece of memory for one value per parameter element; zero when it is made, as is,
/// ever after, the padding between the parameters.
struct Arena {
  Intrusive<Storage> memory;
  std::int64_t start = 0;  // of the first parameter, in elements; see Group

  bool exists() const noexcept { return static_cast<bool>(memory); }
  View view(std::int64_t offset, std::int64_t numel) const noexcept {
    auto* data = static_cast<char*>(memory->data) + (start + offset) * size_of(memory->dtype);
    return {data, numel, memory->dtype};
  }
};

struct GroupParameter {
  Intrusive<TensorImpl> impl;
  Intrusive<TensorImpl> gradient = {};  // what impl->grad is, in the arena
  std::int64_t offset = 0;              // in each arena, in elements
  std::size_t record = 0;
  bool has_gradient = false;  // when the ranges were made
};

/// Neighbours in the arenas that share a record and have gradients: one kernel call.
struct GroupRange {
  std::int64_t offset = 0;
  std::int64_t numel = 0;
  std::size_t record = 0;
  bool advance = false;  // the last range of its record
};

/// The parameters of one group of an optimizer, with all their memory: arenas for parameters,
/// gradients and state, in which each parameter starts at a multiple of 64 bytes, and records in
/// device memory. A parameter's first update may come late, and bias correction counts the updates
/// of each parameter; so parameters that have always been updated together share a record, and when
/// only some of them get a gradient these part from the others with a copy of it.
class Group {
 public:
  /// Allocates all memory; the parameters stay untouched until adopt(). They have been checked.
  Group(const UpdateRule& rule, const std::vector<Tensor>& tensors, const GroupSettings& settings);

  /// Moves the parameters and their gradients into the arenas, and marks them as those of
  /// `optimizer`.
  void adopt(std::uint64_t optimizer);

  /// Parts records and merges ranges, for the gradients that there are now.
  void make_ranges();
  void issue_update();
  /// Gives settings to all records; their counts of updates stand, or start again at 0.
  void write_settings(bool restart = false);
  /// Gives what the first record holds, but for its count of updates, to the others.
  void follow_first_record();
  /// Records for the given count of updates of each parameter.
  void set_updates(const std::vector<std::int64_t>& updates);
  /// The count of updates of each parameter. Waits for the device.
  std::vector<std::int64_t> updates() const;
  /// Replaces the host's settings by the device's. Waits.
  void fetch_settings();

  /// Zeroed memory for buffer b.
  Arena make_buffer(std::size_t b) const { return make_arena(b + 2); }
  /// Makes the buffers that updates with these settings use; true when updates have to count from 0
  /// for that.
  bool add_buffers(const GroupSettings& for_settings);

  math::GroupRecord* record(std::size_t i) const noexcept {
    return static_cast<math::GroupRecord*>(records_->data) + i;
  }
  std::size_t record_count() const noexcept { return record_count_; }
  kernels::Backend& backend() const noexcept { return *backend_; }
  Device device() const noexcept { return device_; }
  std::vector<Tensor> tensors() const;
  View gradient_view(const GroupRange& range) const noexcept {
    return gradients_.view(range.offset, range.numel);
  }

  GroupSettings
      settings;        // what the records hold, but for what the device decides; see OptimizerState
  double base_lr = 0;  // what schedules multiply
  std::vector<GroupParameter> parameters;
  std::vector<GroupRange> ranges;
  std::array<Arena, kMaxBuffers> buffers;

 private:
  Arena make_arena(std::size_t index) const;
  void part_records();

  const UpdateRule* rule_;
  kernels::Backend* backend_;
  Device device_;
  DType dtype_;
  std::int64_t numel_ = 0;  // of each arena, padding included
  Arena parameters_;
  Arena gradients_;
  Intrusive<Storage> records_;  // room for one each parameter
  std::size_t record_count_ = 1;

  struct Cohort {  // of the parameters of one record
    bool with_gradient = false;
    bool without_gradient = false;
    std::size_t successor = 0;  // the record of those with a gradient
  };
  std::vector<Cohort> cohorts_;
};

}  // namespace kindling::detail
