// SPDX-License-Identifier: MIT
#include <kindling/optim/optimizer.h>
#include <kindling/optim/optimizer_state.h>

namespace kindling::optim {

Optimizer::Optimizer(std::shared_ptr<detail::OptimizerState> state) noexcept
    : state_(std::move(state)) {}

const std::shared_ptr<detail::OptimizerState>& Optimizer::state() const {
  if (state_) return state_;
  throw ValueError("Optimizer: this one was moved from: use the one that it was moved to");
}

void Optimizer::step() { state()->step(); }
void Optimizer::zero_grad() { state()->zero_grad(); }

double Optimizer::lr(std::size_t group) const {
  detail::check_not_reading_in_capture("lr");
  return state()->current("lr", group).lr.value;
}

void Optimizer::set_lr(double lr) {
  for (std::size_t group = 0; group < group_count(); ++group) set_lr(lr, group);
}

void Optimizer::set_lr(double lr, std::size_t group) { state()->set_lr(group, lr); }

void Optimizer::set_skip_nonfinite(bool skip) { state()->set_skip_nonfinite(skip); }
std::size_t Optimizer::group_count() const { return state()->group_count(); }

StateDict Optimizer::state_dict() const { return detail::copies_of(state_views()); }
StateDict Optimizer::state_views() const { return state()->state_views(); }
detail::TakeOver Optimizer::prepare_load(const StateDict& saved) {
  return state()->prepare_load(saved);
}

}  // namespace kindling::optim
