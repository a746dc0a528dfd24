// SPDX-License-Identifier: MIT
#include <kindling/optim/optimizer_of.h>
#include <kindling/optim/optimizers.h>

#include <cmath>

namespace kindling::optim {

static constexpr auto fields_of(const SGDOptions*) {
  return std::tuple{
      Field{"lr", &SGDOptions::lr, &HyperParameters::lr},
      Field{"momentum", &SGDOptions::momentum, &HyperParameters::momentum},
      Field{"dampening", &SGDOptions::dampening, &HyperParameters::dampening},
      Field{"weight_decay", &SGDOptions::weight_decay, &HyperParameters::weight_decay},
      Field{"nesterov", &SGDOptions::nesterov, &HyperParameters::nesterov},
      Field{"maximize", &SGDOptions::maximize, &HyperParameters::maximize}};
}

namespace {

constexpr auto kSgdFields = option_fields<SGDOptions>();
constexpr const char* kSgdStates[] = {"momentum_buffer"};

bool sgd_uses_state(const HyperParameters& values, bool momentum_scheduled, std::size_t) {
  return values.momentum.value != 0 || momentum_scheduled;
}

void check_sgd(const char* name, const HyperParameters& values, bool momentum_scheduled) {
  detail::check_not_negative(name, "lr", values.lr.value);
  detail::check_not_negative(name, "momentum", values.momentum.value);
  detail::check_not_negative(name, "weight_decay", values.weight_decay.value);
  if (!std::isfinite(values.dampening.value)) {
    throw ValueError(message(name, ": dampening ", values.dampening.value, ": must be finite"));
  }
  const bool has_momentum = values.momentum.value > 0 || momentum_scheduled;
  if (values.nesterov && (!has_momentum || values.dampening.value != 0)) {
    throw ValueError(message(name, ": nesterov with momentum ", values.momentum.value,
                             " and dampening ", values.dampening.value,
                             ": must have momentum above 0 and dampening 0"));
  }
}

constexpr detail::UpdateRule kSgd{.name = "SGD",
                                  .op = kernels::UpdateOp::sgd,
                                  .fixed = {},
                                  .fields = kSgdFields,
                                  .states = kSgdStates,
                                  .uses_state = sgd_uses_state,
                                  .check = check_sgd};

}  // namespace

template class OptimizerOf<SGDOptions>;

SGD::SGD(std::vector<Tensor> params, const SGDOptions& options)
    : SGD(std::vector<ParamGroup<SGDOptions>>{{std::move(params), options}}) {}

SGD::SGD(const std::vector<ParamGroup<SGDOptions>>& groups)
    : OptimizerOf(make_state(kSgd, groups)) {}

}  // namespace kindling::optim
