// SPDX-License-Identifier: MIT
#pragma once

// Internal to optim; not part of the interface.

#include <kindling/optim/optimizer_state.h>

namespace kindling::detail {

/// An optimizer's part in a captured step.
class OptimizerState::Captured final : public Participant {
 public:
  explicit Captured(std::shared_ptr<OptimizerState> state);

  std::int64_t ready(std::int64_t wanted) override;
  void done(std::int64_t steps) override;

  /// What the step does with it, as it is recorded.
  void keep_ranges();
  void count_schedule_step();
  void count_plateau() noexcept { has_plateau_ = true; }

 private:
  std::shared_ptr<OptimizerState> state_;
  std::shared_ptr<void> follower_;  // its schedule goes on, whoever held it
  std::vector<std::shared_ptr<const RangeTable>> tables_;
  std::uint64_t structure_;  // when it joined: a step that changes it cannot be replayed
  std::int64_t schedule_steps_ = 0;
  bool has_plateau_ = false;
};

}  // namespace kindling::detail
