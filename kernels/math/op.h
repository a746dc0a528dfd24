// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

/// The names under which formulas of kernels/math cross the backend's seam; `visit` makes constants
/// of them.
namespace kindling::kernels {

enum class BinaryOp : std::uint8_t { add, sub, mul, div, last = div };
enum class LossOp : std::uint8_t { squared_error, absolute_error, huber, last = huber };
enum class UpdateOp : std::uint8_t { sgd, adam };
enum class Distribution : std::uint8_t { uniform, normal };

}  // namespace kindling::kernels
