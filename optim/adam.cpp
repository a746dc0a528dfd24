// SPDX-License-Identifier: MIT
#include <kindling/optim/optimizer_of.h>
#include <kindling/optim/optimizers.h>

namespace kindling::optim {
namespace {

template <class Options>
constexpr auto adam_fields() {
  return std::tuple{Field{"lr", &Options::lr, &HyperParameters::lr},
                    Field{"beta1", &Options::betas, &HyperParameters::momentum, 0},
                    Field{"beta2", &Options::betas, &HyperParameters::beta2, 1},
                    Field{"eps", &Options::eps, &HyperParameters::eps},
                    Field{"weight_decay", &Options::weight_decay, &HyperParameters::weight_decay},
                    Field{"amsgrad", &Options::amsgrad, &HyperParameters::amsgrad},
                    Field{"maximize", &Options::maximize, &HyperParameters::maximize}};
}

}  // namespace

static constexpr auto fields_of(const AdamOptions*) { return adam_fields<AdamOptions>(); }
static constexpr auto fields_of(const AdamWOptions*) { return adam_fields<AdamWOptions>(); }

namespace {

constexpr auto kAdamFields = option_fields<AdamOptions>();
constexpr const char* kAdamStates[] = {"exp_avg", "exp_avg_sq", "max_exp_avg_sq"};

bool adam_uses_state(const HyperParameters& values, bool, std::size_t s) {
  return s < 2 || values.amsgrad;
}

void check_adam(const char* name, const HyperParameters& values, bool) {
  detail::check_not_negative(name, "lr", values.lr.value);
  detail::check_below_one(name, "betas[0]", values.momentum.value);
  detail::check_below_one(name, "betas[1]", values.beta2.value);
  detail::check_not_negative(name, "eps", values.eps.value);
  detail::check_not_negative(name, "weight_decay", values.weight_decay.value);
}

constexpr detail::UpdateRule rule(const char* name, bool decoupled) {
  return {.name = name,
          .op = kernels::UpdateOp::adam,
          .fixed = {.adam = true, .counts_all = true, .decoupled = decoupled},
          .fields = kAdamFields,
          .states = kAdamStates,
          .uses_state = adam_uses_state,
          .check = check_adam};
}

constexpr detail::UpdateRule kAdam = rule("Adam", false);
constexpr detail::UpdateRule kAdamW = rule("AdamW", true);

}  // namespace

template class OptimizerOf<AdamOptions>;
template class OptimizerOf<AdamWOptions>;

Adam::Adam(std::vector<Tensor> params, const AdamOptions& options)
    : Adam(std::vector<ParamGroup<AdamOptions>>{{std::move(params), options}}) {}
Adam::Adam(const std::vector<ParamGroup<AdamOptions>>& groups)
    : OptimizerOf(make_state(kAdam, groups)) {}

AdamW::AdamW(std::vector<Tensor> params, const AdamWOptions& options)
    : AdamW(std::vector<ParamGroup<AdamWOptions>>{{std::move(params), options}}) {}
AdamW::AdamW(const std::vector<ParamGroup<AdamWOptions>>& groups)
    : OptimizerOf(make_state(kAdamW, groups)) {}

}  // namespace kindling::optim
