// SPDX-License-Identifier: MIT
#include <kindling/optim/optimizer_of.h>
#include <kindling/optim/sgd.h>

#include <cmath>

namespace kindling::optim {
namespace {

using detail::GroupSettings;
using detail::UpdateRule;

constexpr UpdateRule::Number kNumbers[] = {{"lr", &GroupSettings::lr},
                                           {"momentum", &GroupSettings::momentum},
                                           {"dampening", &GroupSettings::dampening},
                                           {"weight_decay", &GroupSettings::weight_decay}};
constexpr UpdateRule::Flag kFlags[] = {{"nesterov", &GroupSettings::nesterov},
                                       {"maximize", &GroupSettings::maximize},
                                       {"skip_nonfinite", &GroupSettings::skip_nonfinite}};
constexpr const char* kBuffers[] = {"momentum_buffer"};

bool uses_buffer(const GroupSettings& settings, std::size_t) {
  return settings.momentum.value != 0 || settings.momentum_scheduled;
}

void check(const char* name, const GroupSettings& settings) {
  detail::check_not_negative(name, "lr", settings.lr.value);
  detail::check_not_negative(name, "momentum", settings.momentum.value);
  detail::check_not_negative(name, "weight_decay", settings.weight_decay.value);
  if (!std::isfinite(settings.dampening.value)) {
    throw ValueError(message(name, ": dampening ", settings.dampening.value, ": must be finite"));
  }
  const bool has_momentum = settings.momentum.value > 0 || settings.momentum_scheduled;
  if (settings.nesterov && (!has_momentum || settings.dampening.value != 0)) {
    throw ValueError(message(name, ": nesterov with momentum ", settings.momentum.value,
                             " and dampening ", settings.dampening.value,
                             ": must have momentum above 0 and dampening 0"));
  }
}

void issue(kernels::Backend& backend, const detail::RangeViews& views, math::GroupRecord* record,
           bool advance) {
  detail::issue(backend, kernels::SgdUpdate{views.parameter, views.gradient, views.buffers[0],
                                            record, advance});
}

constexpr UpdateRule kRule{.name = "SGD",
                           .numbers = kNumbers,
                           .flags = kFlags,
                           .buffers = kBuffers,
                           .first_update_fills_buffers = true,
                           .uses_buffer = uses_buffer,
                           .check = check,
                           .issue = issue};

}  // namespace

static GroupSettings settings_of(const SGDOptions& options) {
  GroupSettings settings;
  settings.lr.set(options.lr);
  settings.momentum.set(options.momentum);
  settings.dampening.set(options.dampening);
  settings.weight_decay.set(options.weight_decay);
  settings.nesterov = options.nesterov;
  settings.maximize = options.maximize;
  settings.skip_nonfinite = options.skip_nonfinite;
  return settings;
}

static void options_of(const GroupSettings& settings, SGDOptions& options) {
  options = {.lr = settings.lr.value,
             .momentum = settings.momentum.value,
             .dampening = settings.dampening.value,
             .weight_decay = settings.weight_decay.value,
             .nesterov = settings.nesterov,
             .maximize = settings.maximize,
             .skip_nonfinite = settings.skip_nonfinite};
}

template class OptimizerOf<SGDOptions>;

SGD::SGD(std::vector<Tensor> params, const SGDOptions& options)
    : SGD(std::vector<ParamGroup<SGDOptions>>{{std::move(params), options}}) {}

SGD::SGD(const std::vector<ParamGroup<SGDOptions>>& groups)
    : OptimizerOf(make_state(kRule, groups)) {}

}  // namespace kindling::optim
