// SPDX-License-Identifier: MIT
#include <kindling/core/checks.h>
#include <kindling/core/command.h>
#include <kindling/core/no_grad.h>
#include <kindling/core/ops.h>
#include <kindling/optim/averaged_parameters.h>
#include <kindling/optim/update_rule.h>

#include <string>

namespace kindling::optim {

AveragedParameters::AveragedParameters(std::vector<Tensor> params,
                                       const AveragedParametersOptions& options)
    : params_(std::move(params)), options_(options) {
  if (params_.empty()) throw ValueError("AveragedParameters: no parameters: give at least one");
  detail::check_below_one("AveragedParameters", "decay", options.decay);
  for (const Tensor& param : params_) {
    detail::check_floating("AveragedParameters", param);
    averages_.push_back(param.detach().clone());
  }
}

void AveragedParameters::update() {
  if (swapped_) throw ValueError("AveragedParameters: update: swapped: call swap() before");
  if (options_.equal)
    detail::check_not_capturing("AveragedParameters: update",
                                "an equal average counts on the host: call it between steps");
  const NoGradGuard no_grad;
  const double weight = options_.equal ? 1 / static_cast<double>(updates_ + 1) : 1 - options_.decay;
  for (std::size_t i = 0; i < params_.size(); ++i)
    averages_[i] += (params_[i].detach() - averages_[i]) * weight;
  if (options_.equal) ++updates_;
}

void AveragedParameters::swap() {
  detail::check_not_capturing("AveragedParameters: swap",
                              "it is for the host: call it between steps");
  const NoGradGuard no_grad;
  for (std::size_t i = 0; i < params_.size(); ++i) {
    const Tensor average = averages_[i].clone();
    averages_[i].copy_(params_[i].detach());
    params_[i].copy_(average);
  }
  swapped_ = !swapped_;
}

StateDict AveragedParameters::state_dict() const {
  if (swapped_) throw ValueError("AveragedParameters: state_dict: swapped: call swap() before");
  StateDict state;
  for (std::size_t i = 0; i < averages_.size(); ++i)
    state.emplace_back(std::to_string(i), averages_[i].clone());
  state.emplace_back("updates", detail::state_scalar(static_cast<double>(updates_)));
  return state;
}

detail::TakeOver AveragedParameters::prepare_load(const StateDict& state) {
  detail::StateReader reader("AveragedParameters", state);
  const NoGradGuard no_grad;
  std::vector<Tensor> values;
  for (std::size_t i = 0; i < averages_.size(); ++i) {
    values.push_back(reader.take(std::to_string(i), averages_[i].shape()).to(averages_[i].dtype()));
  }
  const std::int64_t updates = reader.take_count("updates");
  reader.finish();
  return [this, values, updates] {
    const NoGradGuard taking_over;
    for (std::size_t i = 0; i < values.size(); ++i) averages_[i].copy_(values[i]);
    updates_ = updates;
    swapped_ = false;
  };
}

}  // namespace kindling::optim
