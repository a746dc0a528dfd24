// SPDX-License-Identifier: MIT
#pragma once

#include <kindling/core/api.h>
#include <kindling/schedulers/schedule.h>
#include <kindling/schedulers/warmup.h>

#include <cstdint>
#include <string>

namespace kindling::schedulers {

// Schedules that came with the transformer and have no class in PyTorch.

/// base * sqrt(timescale / (t + timescale)), from base down for ever.
/// `warmup(W).then(inverse_sqrt({.timescale = W}))` is the usual whole. Source:
/// get_inverse_sqrt_schedule of Hugging Face transformers.
struct InverseSqrtOptions {
  std::int64_t timescale = 10000;
};
KINDLING_API Schedule inverse_sqrt(const InverseSqrtOptions& options = {});

/// base * d_model^-0.5 * min(k^-0.5, k warmup_steps^-1.5) with k = t + 1, so that the first update
/// is not at 0; base is usually 1. `d_model` is required. Source: Vaswani et al., Attention is all
/// you need (arXiv:1706.03762), equation 3.
struct NoamOptions {
  std::int64_t d_model = 0;
  std::int64_t warmup_steps = 4000;
};
KINDLING_API Schedule noam(const NoamOptions& options);

/// Warm-up, stable, decay: climbs over warmup_steps by `warmup`, stays at base for stable_steps,
/// falls over decay_steps and stays at base * min_lr_ratio. decay_type is "1-sqrt", "linear" or
/// "cosine". `decay_steps` is required. Source: Hägele et al., Scaling laws beyond fixed training
/// durations (arXiv:2405.18392); names of transformers.
struct WsdOptions {
  std::int64_t warmup_steps = 0;
  std::int64_t stable_steps = 0;
  std::int64_t decay_steps = 0;
  std::string decay_type = "1-sqrt";
  double min_lr_ratio = 0;
  WarmupConvention warmup = WarmupConvention::one_based;  // any but from_factor
};
KINDLING_API Schedule wsd(const WsdOptions& options);

}  // namespace kindling::schedulers
