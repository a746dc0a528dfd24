// SPDX-License-Identifier: MIT
#pragma once

#include <kindling/core/api.h>
#include <kindling/schedulers/schedule.h>

#include <cstdint>

namespace kindling::schedulers {

/// CosineAnnealingLR: eta_min + (base - eta_min) (1 + cos(pi t / T_max)) / 2. As in PyTorch it has
/// the period 2 T_max: past T_max it rises again. `T_max` is required.
/// Source: Loshchilov & Hutter, SGDR (arXiv:1608.03983), equation 5 without restarts.
struct CosineOptions {
  std::int64_t T_max = 0;
  double eta_min = 0;
};
KINDLING_API Schedule cosine(const CosineOptions& options);

/// CosineAnnealingWarmRestarts: the same curve over T_0 steps, then afresh over T_0 T_mult, T_0
/// T_mult^2, ... steps. `T_0` is required. Source: the same, equation 5.
struct WarmRestartsOptions {
  std::int64_t T_0 = 0;
  std::int64_t T_mult = 1;
  double eta_min = 0;
};
KINDLING_API Schedule warm_restarts(const WarmRestartsOptions& options);

}  // namespace kindling::schedulers
