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

constexpr auto kFields = option_fields<AdamOptions>();
constexpr const char* kStates[] = {"exp_avg", "exp_avg_sq", "max_exp_avg_sq"};

bool uses_state(const HyperParameters& values, bool, std::size_t s) {
  return s < 2 || values.amsgrad;
}

void check_beta(const char* name, const char* field, double beta) {
  if (beta >= 0 && beta < 1) return;
  throw ValueError(message(name, ": ", field, " ", beta, ": must be at least 0 and below 1"));
}

void check(const char* name, const HyperParameters& values, bool) {
  detail::check_not_negative(name, "lr", values.lr.value);
  check_beta(name, "betas[0]", values.momentum.value);
  check_beta(name, "betas[1]", values.beta2.value);
  detail::check_not_negative(name, "eps", values.eps.value);
  detail::check_not_negative(name, "weight_decay", values.weight_decay.value);
}

constexpr detail::UpdateRule rule(const char* name, bool decoupled) {
  return {.name = name,
          .op = kernels::UpdateOp::adam,
          .fixed = {.adam = true, .decoupled = decoupled},
          .fields = kFields,
          .states = kStates,
          .uses_state = uses_state,
          .check = check};
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
