// SPDX-License-Identifier: MIT
#include <kindling/optim/optimizer_of.h>
#include <kindling/optim/optimizers.h>

namespace kindling::optim {

static constexpr auto fields_of(const RMSpropOptions*) {
  return std::tuple{
      Field{"lr", &RMSpropOptions::lr, &HyperParameters::lr},
      Field{"alpha", &RMSpropOptions::alpha, &HyperParameters::beta2},
      Field{"eps", &RMSpropOptions::eps, &HyperParameters::eps},
      Field{"weight_decay", &RMSpropOptions::weight_decay, &HyperParameters::weight_decay},
      Field{"momentum", &RMSpropOptions::momentum, &HyperParameters::momentum},
      Field{"centered", &RMSpropOptions::centered, &HyperParameters::amsgrad},
      Field{"maximize", &RMSpropOptions::maximize, &HyperParameters::maximize}};
}

namespace {

constexpr auto kRmsPropFields = option_fields<RMSpropOptions>();
constexpr const char* kRmsPropStates[] = {"square_avg", "momentum_buffer", "grad_avg"};

// A centered update always has the buffer, which without momentum is the step itself.
bool rmsprop_uses_state(const HyperParameters& values, bool momentum_scheduled, std::size_t s) {
  const bool centered = values.amsgrad;
  if (s == 0 || centered) return true;
  return s == 1 && (values.momentum.value != 0 || momentum_scheduled);
}

void check_rmsprop(const char* name, const HyperParameters& values, bool) {
  detail::check_not_negative(name, "lr", values.lr.value);
  detail::check_below_one(name, "alpha", values.beta2.value);
  detail::check_not_negative(name, "eps", values.eps.value);
  detail::check_not_negative(name, "weight_decay", values.weight_decay.value);
  detail::check_not_negative(name, "momentum", values.momentum.value);
}

constexpr detail::UpdateRule kRmsProp{.name = "RMSprop",
                                      .op = kernels::UpdateOp::rmsprop,
                                      .fixed = {.counts_all = true},
                                      .fields = kRmsPropFields,
                                      .states = kRmsPropStates,
                                      .uses_state = rmsprop_uses_state,
                                      .check = check_rmsprop};

}  // namespace

template class OptimizerOf<RMSpropOptions>;

RMSprop::RMSprop(std::vector<Tensor> params, const RMSpropOptions& options)
    : RMSprop(std::vector<ParamGroup<RMSpropOptions>>{{std::move(params), options}}) {}
RMSprop::RMSprop(const std::vector<ParamGroup<RMSpropOptions>>& groups)
    : OptimizerOf(make_state(kRmsProp, groups)) {}

}  // namespace kindling::optim
