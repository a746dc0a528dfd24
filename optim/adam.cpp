// SPDX-License-Identifier: MIT
#include <kindling/optim/adam.h>
#include <kindling/optim/adam_rule.h>
#include <kindling/optim/optimizer_of.h>

namespace kindling::optim {
namespace {

const detail::UpdateRule& adam() {
  static const detail::UpdateRule the_rule = detail::adam_rule("Adam");
  return the_rule;
}

}  // namespace

static detail::GroupSettings settings_of(const AdamOptions& options) {
  return detail::adam_settings(options, /*decoupled=*/false);
}

static void options_of(const detail::GroupSettings& settings, AdamOptions& options) {
  detail::adam_options(settings, options);
}

template class OptimizerOf<AdamOptions>;

Adam::Adam(std::vector<Tensor> params, const AdamOptions& options)
    : Adam(std::vector<ParamGroup<AdamOptions>>{{std::move(params), options}}) {}

Adam::Adam(const std::vector<ParamGroup<AdamOptions>>& groups)
    : OptimizerOf(make_state(adam(), groups)) {}

}  // namespace kindling::optim
