// SPDX-License-Identifier: MIT
#pragma once

#include <kindling/core/api.h>
#include <kindling/schedulers/schedule.h>

#include <cstdint>
#include <functional>

namespace kindling::schedulers {

/// A factor for step t. It must be pure: it may be called ahead of time, repeatedly and in any
/// order.
using Factor = std::function<double(std::int64_t t)>;

/// LambdaLR: base * factor(t). ValueError when `factor` is empty.
KINDLING_API Schedule lambda(Factor factor);

/// MultiplicativeLR: base * factor(1) * factor(2) * ... * factor(t). ValueError when `factor` is
/// empty.
///
/// Going forward costs one call of `factor` a step; any other order is answered from a product kept
/// every 256 steps (32 bytes per 1,000 steps). The copies of one schedule share these under a lock,
/// and so one call at a time.
KINDLING_API Schedule multiplicative(Factor factor);

}  // namespace kindling::schedulers
