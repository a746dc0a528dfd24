// SPDX-License-Identifier: MIT
#pragma once

#include <kindling/core/api.h>
#include <kindling/schedulers/schedule.h>

#include <cstdint>
#include <iosfwd>
#include <optional>
#include <string_view>

namespace kindling::schedulers {

/// How the factor climbs to 1 over W steps; t counts from 0. The conventions found in use, with
/// where they are found. zero_based, both_ends and a from_factor of 0 make the first update with
/// learning rate 0, and so waste it.
enum class WarmupConvention {
  zero_based,   ///< t / W: BERT, Hugging Face transformers, Megatron
  one_based,    ///< (t+1) / W: llm.c, pytorch_warmup
  between,      ///< (t+1) / (W+1): nanoGPT
  from_factor,  ///< s + (1-s) t / W: PyTorch's LinearLR, timm; s is start_factor
  both_ends,    ///< t / (W-1): both ends of the climb are taken
  exponential,  ///< 1 - exp(-(t+1) / W): pytorch_warmup (Ma & Yarats, arXiv:1910.04209); W is a
                ///< time constant
};

/// Writes the name, e.g. "one_based".
KINDLING_API std::ostream& operator<<(std::ostream& out, WarmupConvention convention);

/// The convention of that name; ValueError listing the known ones when there is none.
KINDLING_API WarmupConvention warmup_convention(std::string_view name);

/// The length of an untuned linear warm-up for Adam, 2 / (1 - beta2) to the nearest whole step:
/// 2000 for 0.999. ValueError unless 0 <= beta2 < 1. Source: Ma & Yarats, On the adequacy of
/// untuned warmup (arXiv:1910.04209).
KINDLING_API std::int64_t untuned_warmup_steps(double beta2);

/// Climbs to the base learning rate over W = `steps` (0: none) and stays: base * factor(t), where
/// factor is 1 from t = W on (exponential: approaches 1, and equals it in double from about t = 38
/// W on). For a decay that begins when it is over write `warmup(W).then(decay)`, for one whose
/// clock runs during the warm-up `warmup(W) * decay`. ValueError when steps is negative, when
/// from_factor comes without a start_factor that is finite and not negative, or another convention
/// with one.
KINDLING_API Schedule warmup(std::int64_t steps,
                             WarmupConvention convention = WarmupConvention::one_based,
                             std::optional<double> start_factor = {});

}  // namespace kindling::schedulers
