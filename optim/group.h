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

/// The parameters of one group of an optimizer, with all their memory but the records: arenas for
/// parameters, gradients and state, in which each parameter starts at a multiple of 64 bytes.
class Group {
 public:
  /// Allocates all memory; the parameters stay untouched until adopt(). They have been checked.
  Group(const UpdateRule& rule, const std::vector<Tensor>& tensors,
        const math::HyperParameters& values);

  /// Moves the parameters and their gradients into the arenas, and marks them as those of
  /// `optimizer`; they share a record.
  void adopt(std::uint64_t optimizer, std::size_t record);
  /// Keeps the parameters and their gradients where they are for a captured step.
  void use_all(Recorder& in) const;
  /// Appends the ranges of the parameters that have a gradient, neighbours merged.
  void append_ranges(std::vector<kernels::UpdateRange>& ranges, math::GroupRecord* records) const;

  /// All states there are, and new ones where updates use them.
  using States = std::array<Arena, kernels::kMaxStates>;
  States missing_states() const;
  /// Zeroed memory for state s.
  Arena make_state(std::size_t s) const { return make_arena(s + 2); }
  bool uses_state(std::size_t s) const noexcept {
    return rule_->uses_state(values, momentum_scheduled, s);
  }
  std::array<bool, kernels::kMaxStates> used_states() const noexcept {
    std::array<bool, kernels::kMaxStates> used = {};
    for (std::size_t s = 0; s < rule_->states.size(); ++s) used[s] = uses_state(s);
    return used;
  }
  std::vector<Tensor> tensors() const;
  Device device() const noexcept { return parameters_.memory->device; }

  /// As the host set them last; the lr and the momentum of now may be the clock's or the device's.
  math::HyperParameters values;
  double base_lr = 0;               // what schedules multiply
  bool lr_overrides = false;        // values.lr stands until the next step() of the scheduler
  bool momentum_scheduled = false;  // momentum may be 0 now and not later
  std::vector<GroupParameter> parameters;
  States states;

 private:
  Arena make_arena(std::size_t index) const;

  const UpdateRule* rule_;
  std::int64_t numel_ = 0;  // of each arena, padding included
  DType dtype_;
  Device device_;
  Arena parameters_;
  Arena gradients_;
};

}  // namespace kindling::detail
