// SPDX-License-Identifier: MIT
#pragma once

#include <kindling/core/dtype.h>
#include <kindling/kernels/math/host_device.h>

#include <cstdint>

namespace kindling::kernels {

/// Number i of indices that lie at `data` as whole numbers of some dtype, or -1 if it is none of
/// [0, count); so for a NaN.
KINDLING_HOST_DEVICE std::int64_t index_at(const void* data, DType dtype, std::int64_t i,
                                           std::int64_t count) {
  if (dtype == DType::int64) {
    const std::int64_t number = static_cast<const std::int64_t*>(data)[i];
    return number >= 0 && number < count ? number : -1;
  }
  const double number = dtype == DType::float32
                            ? static_cast<double>(static_cast<const float*>(data)[i])
                            : static_cast<const double*>(data)[i];
  return number >= 0 && number < static_cast<double>(count) ? static_cast<std::int64_t>(number)
                                                            : -1;
}

}  // namespace kindling::kernels
