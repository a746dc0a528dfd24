// SPDX-License-Identifier: MIT
#pragma once

// What Adam and AdamW share; not part of the interface.

#include <kindling/optim/update_rule.h>

namespace kindling::detail {

/// The rule under the given name.
UpdateRule adam_rule(const char* name);

template <class Options>
GroupSettings adam_settings(const Options& options, bool decoupled) {
  GroupSettings settings;
  settings.adam = true;
  settings.decoupled = decoupled;
  settings.lr.set(options.lr);
  settings.momentum.set(options.betas[0]);
  settings.beta2.set(options.betas[1]);
  settings.eps.set(options.eps);
  settings.weight_decay.set(options.weight_decay);
  settings.amsgrad = options.amsgrad;
  settings.maximize = options.maximize;
  settings.skip_nonfinite = options.skip_nonfinite;
  return settings;
}

template <class Options>
void adam_options(const GroupSettings& settings, Options& options) {
  options = {.lr = settings.lr.value,
             .betas = {settings.momentum.value, settings.beta2.value},
             .eps = settings.eps.value,
             .weight_decay = settings.weight_decay.value,
             .amsgrad = settings.amsgrad,
             .maximize = settings.maximize,
             .skip_nonfinite = settings.skip_nonfinite};
}

}  // namespace kindling::detail
