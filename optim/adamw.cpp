// SPDX-License-Identifier: MIT
#include <kindling/optim/adam_rule.h>
#include <kindling/optim/adamw.h>
#include <kindling/optim/optimizer_of.h>

namespace kindling::optim {
namespace {

const detail::UpdateRule& adamw() {
  static const detail::UpdateRule the_rule = detail::adam_rule("AdamW");
  return the_rule;
}

}  // namespace

static detail::GroupSettings settings_of(const AdamWOptions& options) {
  return detail::adam_settings(options, /*decoupled=*/true);
}

static void options_of(const detail::GroupSettings& settings, AdamWOptions& options) {
  detail::adam_options(settings, options);
}

template class OptimizerOf<AdamWOptions>;

AdamW::AdamW(std::vector<Tensor> params, const AdamWOptions& options)
    : AdamW(std::vector<ParamGroup<AdamWOptions>>{{std::move(params), options}}) {}

AdamW::AdamW(const std::vector<ParamGroup<AdamWOptions>>& groups)
    : OptimizerOf(make_state(adamw(), groups)) {}

}  // namespace kindling::optim
