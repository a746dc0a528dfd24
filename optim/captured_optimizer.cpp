// SPDX-License-Identifier: MIT
#include <kindling/optim/captured_optimizer.h>

namespace kindling::detail {

OptimizerState::Captured::Captured(std::shared_ptr<OptimizerState> state)
    : state_(std::move(state)), structure_(state_->structure_) {}

std::int64_t OptimizerState::Captured::ready(std::int64_t wanted) {
  if (state_->structure_ != structure_ || (has_plateau_ && state_->clock_.runs())) {
    throw CaptureError(
        message(state_->name(),
                ": step: its groups, its state, its scheduler or skip_nonfinite have changed ",
                "since the step was captured: capture it again"));
  }
  if (schedule_steps_ == 0) return wanted;
  return state_->clock_.prepare(wanted, schedule_steps_, state_->device_decides());
}

void OptimizerState::Captured::done(std::int64_t steps) {
  if (schedule_steps_ > 0) state_->went_on(steps * schedule_steps_);
}

void OptimizerState::Captured::keep_ranges() {
  if (tables_.empty() || tables_.back() != state_->ranges_) tables_.push_back(state_->ranges_);
}

void OptimizerState::Captured::count_schedule_step() {
  ++schedule_steps_;
  follower_ = state_->follower_.lock();
}

OptimizerState::Captured& OptimizerState::join_capture() {
  return recorder->join<Captured>(
      this, [this] { return std::make_unique<Captured>(shared_from_this()); });
}

}  // namespace kindling::detail
