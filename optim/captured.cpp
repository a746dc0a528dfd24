// SPDX-License-Identifier: MIT
// An optimizer's part in a captured step.
#include <kindling/optim/optimizer_state.h>

namespace kindling::detail {

class OptimizerState::Captured final : public Participant {
 public:
  explicit Captured(std::shared_ptr<OptimizerState> state)
      : state_(std::move(state)), follower_(state_->follower_.lock()) {}

  std::int64_t ready(std::int64_t wanted) override {
    if (state_->structure_ != structure_) {
      throw CaptureError(
          message(state_->name(),
                  ": step: its groups, its state or skip_nonfinite have changed since the step ",
                  "was captured: capture it again"));
    }
    if (schedule_steps_ == 0) return wanted;
    return state_->clock_.prepare(wanted, schedule_steps_, state_->device_decides());
  }

  void done(std::int64_t steps) override {
    if (schedule_steps_ > 0) state_->went_on(steps * schedule_steps_);
  }

  void count(std::int64_t schedule_steps) {
    schedule_steps_ += schedule_steps;
    if (tables_.empty() || tables_.back() != state_->ranges_) tables_.push_back(state_->ranges_);
    structure_ = state_->structure_;
  }

 private:
  std::shared_ptr<OptimizerState> state_;
  std::shared_ptr<void> follower_;  // its schedule goes on, whoever held it
  std::vector<std::shared_ptr<const RangeTable>> tables_;
  std::uint64_t structure_ = 0;
  std::int64_t schedule_steps_ = 0;
};

void OptimizerState::join_capture(std::int64_t schedule_steps) {
  recorder->join<Captured>(this, [this] { return std::make_unique<Captured>(shared_from_this()); })
      .count(schedule_steps);
}

}  // namespace kindling::detail
